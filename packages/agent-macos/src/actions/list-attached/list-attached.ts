import { nativeAdapter } from '@varve/agent/actions/native'
import { attachedMacImages } from '@varve/agent/operations/attached-mac-images'
import { notesFolder } from '@varve/agent/platform/attached-notes'
import { libraryRoots } from '@varve/engine/files/library-roots'
import type { MacPorts } from '../adapter-table.ts'

/** What was noted, beside what macOS has. */
export function listAttached({ mac }: MacPorts) {
  return nativeAdapter('list-attached', {
    calls: 'hdiutil info, diskutil list, and the notes of what Varve attached',

    async run(_input, { ports }) {
      const libraries = libraryRoots(ports.roots)
      const all = attachedMacImages(await mac.disks(notesFolder(ports)))
      // Agents tell of their libraries only.
      return { attached: all.filter(({ image }) => libraries.holds(image)) }
    },
  })
}
