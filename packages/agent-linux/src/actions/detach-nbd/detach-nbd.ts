import { detachCommand } from '../../tools/nbd-client/commands.ts'
import { stillHeld, unlessOurs, whenDetached } from '../attached-device.ts'
import { isInLibraries } from '../in-libraries.ts'
import { kernelAction } from '../kernel-action.ts'

export const detachNbd = kernelAction('detach-nbd', {
  tool: 'nbd-client',
  build: ({ device }) => detachCommand(device),
  about: ({ device }) => device,
  isOfLibraries: isInLibraries,
  otherwise: ({ device }) => ({ device }),
  before: unlessOurs('nbd-client', 'nbd-client'),
  after: whenDetached('nbd-client'),
  failure: stillHeld,
})
