import { nativeAdapter } from '@varve/agent/actions/native'
import { attachedVhds } from '@varve/agent/operations/attached-vhds'
import { notesFolder } from '@varve/agent/platform/attached-notes'
import type { WindowsPorts } from '../adapter-table.ts'

/** What was noted, beside what Windows has. */
export function listAttached({ windows }: WindowsPorts) {
  return nativeAdapter('list-attached', {
    calls: 'Get-Disk and Get-Partition, and the notes of what Varve attached',

    async run(_input, { ports }) {
      const all = attachedVhds(await windows.disks(notesFolder(ports)))
      const { roots } = ports
      // Agents tell of their libraries only.
      const isSeen = (image: string) =>
        roots === null || roots.some((root) => image.toLowerCase().startsWith(root.toLowerCase()))
      return { attached: all.filter(({ image }) => isSeen(image)) }
    },
  })
}
