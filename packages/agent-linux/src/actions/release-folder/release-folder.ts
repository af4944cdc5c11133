import { removeMountFolder } from '@varve/agent/actions/mount-folder'
import { nativeAdapter } from '@varve/agent/actions/native'
import { noteAttachment, registryIn } from '@varve/engine/attached/registry'
import { isMountInLibraries } from '../in-libraries.ts'

export const releaseFolder = nativeAdapter('release-folder', {
  calls: 'rmdir(2), rename(2) of the note',

  async run({ attachment, folder, isNew }, { ports }) {
    if (!(await isMountInLibraries({ attachment, folder }, { ports }))) return { folder }
    if (isNew) await removeMountFolder(folder)
    await noteAttachment(registryIn(ports.runtimeFolder), attachment, ({ mounts }) => ({
      mounts: mounts.filter((mount) => mount.folder !== folder),
    }))
    return { folder }
  },
})
