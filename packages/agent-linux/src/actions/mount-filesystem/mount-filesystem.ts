import { mappedPrefix } from '@varve/core/volumes/mapped-names'
import { areKnownOptions } from '@varve/operations/mount/filesystems'
import { DiskError } from '@varve/core/problems/disk-error'
import { mountedDevices } from '@varve/engine/attached/attached-now'
import { deviceNow } from '@varve/engine/in-use/attached-device'
import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { mountCommand } from '../../tools/mount/commands.ts'
import { assertFolderInLibraries, isMountInLibraries } from '../in-libraries.ts'
import { kernelAction, notThere } from '../kernel-action.ts'

export const mountFilesystem = kernelAction('mount-filesystem', {
  tool: 'mount',
  build: (input) => mountCommand({ ...input, device: deviceOf(input) }),
  about: ({ folder }) => folder,
  async isOfLibraries(input, context) {
    const { attachment, mapped, type, options, folder } = input
    await assertFolderInLibraries(folder, context.ports)
    const isOver = mapped === null || mapped.startsWith(mappedPrefix(attachment))
    return isOver && areKnownOptions(type, options) && (await isMountInLibraries(input, context))
  },
  async before(input, { registry }) {
    const { device, partition } = input
    const now = deviceNow(device, registry.roots)
    if (partition === null || now === null || now.partitions.some(({ number }) => number === partition))
      return Promise.resolve(null)
    throw new DiskError('refused', {
      file: device,
      reason: `the kernel shows no partition ${partition} of it`,
      remedy: 'See what the kernel shows: varve attached.',
      layer: 'L4',
    })
  },
  async after(input, { registry }) {
    const { folder } = input
    const device = deviceOf(input)
    const isThere = mountedDevices(registry.roots).some(
      (mount) => mount.folder === folder && mount.device === device,
    )
    if (!isThere && deviceNow(input.device, registry.roots) === null) throw notThere('mount', folder)
    return Promise.resolve(isThere ? { device, folder } : null)
  },
  isFoundAgain: true,
})
