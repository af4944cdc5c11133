import { libraryRoots } from '@varve/engine/files/library-roots'
import { folderOfImage } from '@varve/engine/quarantine/entry'
import { forgetEntry } from '@varve/engine/quarantine/index-of-entries'
import { restore } from '@varve/engine/quarantine/restore'
import { nativeAdapter } from '../native.ts'

export const restoreImage = nativeAdapter('restore-image', {
  calls: 'renameat2(2) with RENAME_NOREPLACE (several files: link(2), unlink(2)), fsync(2) of the folders',
  async run({ quarantine, at }, { ports }) {
    const folder = await folderOfImage(at)
    libraryRoots(ports.roots).assertInside(folder, at)
    const moved = await restore(folder, quarantine)
    await forgetEntry(ports.stateFolder, quarantine)
    ports.onFolderChanged?.(folder)
    return { moved: [...moved] }
  },
})
