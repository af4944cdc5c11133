import { dirname, resolve } from 'node:path'
import { inFolder } from '@varve/engine/files/held-folder'
import { forgetEntry, noteEntry } from '@varve/engine/quarantine/index-of-entries'
import { idOfNew, putBack as putBackFiles } from '@varve/engine/quarantine/replace'
import { nativeAdapter } from '../native.ts'

export const putBack = nativeAdapter('put-back', {
  calls:
    'link(2), rename(2) of a file, renameat2(2) with RENAME_EXCHANGE of a folder, fsync(2) of the folders',
  async run({ path, quarantine }, { ports }) {
    const { kept, folder } = await inFolder(dirname(resolve(path)), ports.roots, async (held) => ({
      kept: await putBackFiles(held.path, quarantine),
      folder: held.real,
    }))
    if (kept) await noteEntry(ports.stateFolder, path, idOfNew(quarantine))
    await forgetEntry(ports.stateFolder, quarantine)
    ports.onFolderChanged?.(folder)
    return {}
  },
})
