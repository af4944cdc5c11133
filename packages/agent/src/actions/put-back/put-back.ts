import { libraryRoots } from '@varve/engine/files/library-roots'
import { folderOfImage } from '@varve/engine/quarantine/entry'
import { forgetEntry, noteEntry } from '@varve/engine/quarantine/index-of-entries'
import { idOfNew, putBack as putBackFiles } from '@varve/engine/quarantine/replace'
import { nativeAdapter } from '../native.ts'

export const putBack = nativeAdapter('put-back', {
  calls:
    'link(2), rename(2) of a file, renameat2(2) with RENAME_EXCHANGE of a folder, fsync(2) of the folders',
  async run({ path, quarantine }, { ports }) {
    const folder = await folderOfImage(path)
    libraryRoots(ports.roots).assertInside(folder, path)
    const kept = await putBackFiles(folder, quarantine)
    if (kept) await noteEntry(ports.stateFolder, path, idOfNew(quarantine))
    await forgetEntry(ports.stateFolder, quarantine)
    ports.onFolderChanged?.(folder)
    return {}
  },
})
