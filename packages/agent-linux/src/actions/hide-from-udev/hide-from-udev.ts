import { reloadCommand } from '../../tools/udevadm/commands.ts'
import { isInLibraries } from '../in-libraries.ts'
import { kernelAction } from '../kernel-action.ts'

/** The rule lies there since the device was chosen. */
export const hideFromUdev = kernelAction('hide-from-udev', {
  tool: 'udevadm',
  build: reloadCommand,
  about: ({ device }) => device,
  isOfLibraries: isInLibraries,
  after: async ({ attachment }) => Promise.resolve({ attachment }),
})
