import { rmdir } from 'node:fs/promises'
import { nativeAdapter } from '@varve/agent/actions/native'
import { noteAttachment, registryIn } from '@varve/engine/attached/registry'
import { systemCode, writeError } from '@varve/engine/system/system-error'
import { isMountInLibraries } from '../in-libraries.ts'

/** Not empty or gone: it is not the folder any more that was made. */
const left = new Set(['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'])

export const releaseFolder = nativeAdapter('release-folder', {
  calls: 'rmdir(2), rename(2) of the note',

  async run({ attachment, folder, isNew }, { ports }) {
    if (!(await isMountInLibraries({ attachment, folder }, { ports }))) return { folder }
    if (isNew)
      await rmdir(folder).catch((error: unknown) => {
        if (!left.has(systemCode(error) ?? '')) throw writeError(error, folder)
      })
    await noteAttachment(registryIn(ports.runtimeFolder), attachment, ({ mounts }) => ({
      mounts: mounts.filter((mount) => mount.folder !== folder),
    }))
    return { folder }
  },
})
