import type { ActionContext } from '@varve/agent/actions/adapter'
import { imageInput } from '@varve/agent/actions/image-input'
import { assertNotUsed } from '@varve/agent/actions/unused'
import { openInput } from '@varve/engine/run/open-input'
import { attachCommand } from '../../tools/qemu-nbd/commands.ts'
import { whenAttached } from '../attached-device.ts'
import { assertFileInLibraries, isInLibraries } from '../in-libraries.ts'
import { kernelAction } from '../kernel-action.ts'

export const attachByQemu = kernelAction('attach-by-qemu', {
  tool: 'qemu-nbd',
  build: attachCommand,
  about: ({ image }) => image,
  isOfLibraries: isInLibraries,
  async before({ image, socket }, context) {
    const { ports } = context
    if (socket === null) {
      await assertFileInLibraries(image, ports)
      await assertNotUsed([image], ports)
      await assertChainInRoots(image, context)
    }
    return null
  },
  after: whenAttached('qemu-nbd', 'qemu-nbd'),
  isFoundAgain: true,
})

/** qemu-nbd follows what the image names: for agents all of it lies in their libraries. */
async function assertChainInRoots(path: string, { ports, signal }: ActionContext): Promise<void> {
  if (ports.roots === null) return
  const input = imageInput({ path, format: 'qcow2', reading: {} }, ports)
  await using opened = await openInput(input, { io: 'async', signal })
  void opened
}
