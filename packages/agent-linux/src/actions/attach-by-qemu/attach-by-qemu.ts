import { assertNotUsed } from '@varve/agent/actions/unused'
import { attachCommand } from '../../tools/qemu-nbd/commands.ts'
import { whenAttached } from '../attached-device.ts'
import { kernelAction } from '../kernel-action.ts'

export const attachByQemu = kernelAction('attach-by-qemu', {
  tool: 'qemu-nbd',
  build: attachCommand,
  about: ({ image }) => image,
  async before({ image, socket }, { ports }) {
    if (socket === null) await assertNotUsed([image], ports)
    return null
  },
  after: whenAttached('qemu-nbd', 'qemu-nbd'),
  isFoundAgain: true,
})
