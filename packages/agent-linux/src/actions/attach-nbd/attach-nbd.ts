import { attachCommand } from '../../tools/nbd-client/commands.ts'
import { whenAttached } from '../attached-device.ts'
import { isInLibraries } from '../in-libraries.ts'
import { kernelAction } from '../kernel-action.ts'

export const attachNbd = kernelAction('attach-nbd', {
  tool: 'nbd-client',
  build: attachCommand,
  about: ({ image }) => image,
  isOfLibraries: isInLibraries,
  after: whenAttached('nbd-client', 'nbd-client'),
  isFoundAgain: true,
})
