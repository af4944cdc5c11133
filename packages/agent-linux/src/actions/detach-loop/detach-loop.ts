import { detachCommand } from '../../tools/losetup/commands.ts'
import { stillHeld, unlessOurs, whenDetached } from '../attached-device.ts'
import { isInLibraries } from '../in-libraries.ts'
import { kernelAction } from '../kernel-action.ts'

export const detachLoop = kernelAction('detach-loop', {
  tool: 'losetup',
  build: ({ device }) => detachCommand(device),
  about: ({ device }) => device,
  isOfLibraries: isInLibraries,
  otherwise: ({ device }) => ({ device }),
  before: unlessOurs('loop', 'losetup'),
  after: whenDetached('loop'),
  failure: stillHeld,
})
