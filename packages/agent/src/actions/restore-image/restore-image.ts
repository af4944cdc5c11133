import { dirname, join, relative, resolve } from 'node:path'
import { inFolder } from '@varve/engine/files/held-folder'
import { forgetEntry } from '@varve/engine/quarantine/index-of-entries'
import { restore } from '@varve/engine/quarantine/restore'
import { nativeAdapter } from '../native.ts'

export const restoreImage = nativeAdapter('restore-image', {
  calls: 'renameat2(2) with RENAME_NOREPLACE (several files: link(2), unlink(2)), fsync(2) of the folders',
  async run({ quarantine, at }, { ports }) {
    const { moved, folder } = await inFolder(dirname(resolve(at)), ports.roots, async (held) => ({
      moved: (await restore(held.path, quarantine)).map((path) => join(held.real, relative(held.path, path))),
      folder: held.real,
    }))
    await forgetEntry(ports.stateFolder, quarantine)
    ports.onFolderChanged?.(folder)
    return { moved }
  },
})
