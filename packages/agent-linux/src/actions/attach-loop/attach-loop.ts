import { assertNotUsed } from '@varve/agent/actions/unused'
import { attachCommand } from '../../tools/losetup/commands.ts'
import { whenAttached } from '../attached-device.ts'
import { assertFileInLibraries, isInLibraries } from '../in-libraries.ts'
import { kernelAction } from '../kernel-action.ts'

export const attachLoop = kernelAction('attach-loop', {
  tool: 'losetup',
  build: attachCommand,
  about: ({ image }) => image,
  isOfLibraries: isInLibraries,
  async before({ image, isReadOnly }, { ports }) {
    await assertFileInLibraries(image, ports)
    if (!isReadOnly) await assertNotUsed([image], ports)
    return null
  },
  after: whenAttached('loop', 'losetup'),
  isFoundAgain: true,
})
