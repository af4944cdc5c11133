import { attachmentGone, folderUsed, isEmptyFolder, makeMountFolder } from '@varve/agent/actions/mount-folder'
import { nativeAdapter } from '@varve/agent/actions/native'
import { mountedDevices } from '@varve/engine/attached/attached-now'
import { noteAttachment, registryIn } from '@varve/engine/attached/registry'
import { assertFolderInLibraries, isInLibraries, notOfLibraries } from '../in-libraries.ts'

/** Noted before it is made: what is left of it is found again. */
export const prepareFolder = nativeAdapter('prepare-folder', {
  calls: 'rename(2) of the note, mkdir(2)',

  async run({ attachment, folder, isNew }, { ports }) {
    await assertFolderInLibraries(folder, ports)
    if (!(await isInLibraries({ attachment }, { ports }))) throw notOfLibraries(folder)
    const registry = registryIn(ports.runtimeFolder)
    const noted = await noteAttachment(registry, attachment, ({ mounts }) => ({
      mounts: [...mounts.filter((mount) => mount.folder !== folder), { folder, isFolderOurs: isNew }],
    }))
    if (noted === null) throw attachmentGone(folder)
    if (isNew) await makeMountFolder(folder)
    const isMounted = mountedDevices(registry.roots).some((mount) => mount.folder === folder)
    if (isMounted || !(await isEmptyFolder(folder))) throw folderUsed(folder)
    return { folder }
  },
})
