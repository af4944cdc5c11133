import { nativeAdapter } from '@varve/agent/actions/native'
import { attachedVhds } from '@varve/agent/operations/attached-vhds'
import { libraryRoots } from '@varve/engine/files/library-roots'
import { notesFolder } from '@varve/agent/platform/attached-notes'
import { isBelowPath } from '@varve/engine/files/windows-path'
import type { WindowsPorts } from '../adapter-table.ts'

/** What was noted, beside what Windows has. */
export function listAttached({ windows }: WindowsPorts) {
  return nativeAdapter('list-attached', {
    calls: 'Get-Disk and Get-Partition, and the notes of what Varve attached',

    async run(_input, { ports }) {
      const all = attachedVhds(await windows.disks(notesFolder(ports)))
      const { roots } = ports
      const libraries = libraryRoots(roots)
      // Agents tell of their libraries only.
      const isSeen = (image: string) =>
        libraries.holds(image) || (roots ?? []).some((root) => isBelowPath(image, root))
      return { attached: all.filter(({ image }) => isSeen(image)) }
    },
  })
}
