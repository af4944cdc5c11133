import { detachCommand } from '../../tools/qemu-nbd/commands.ts'
import { stillHeld, unlessOurs, whenDetached } from '../attached-device.ts'
import { isInLibraries } from '../in-libraries.ts'
import { kernelAction } from '../kernel-action.ts'

export const detachByQemu = kernelAction('detach-by-qemu', {
  tool: 'qemu-nbd',
  build: ({ device }) => detachCommand(device),
  about: ({ device }) => device,
  isOfLibraries: isInLibraries,
  otherwise: ({ device }) => ({ device }),
  before: unlessOurs('qemu-nbd', 'qemu-nbd'),
  after: whenDetached('qemu-nbd'),
  failure: stillHeld,
})
