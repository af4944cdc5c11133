import type { AcceptOptions } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addPlanOptions, addAcceptOption, addReadingOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { AttachOptions } from './attach.ts'

export const attachCommand = defineCommand<AttachOptions & AcceptOptions>({
  usage: 'attach <image>',
  group: 'L3',
  does: 'make an image, chain or snapshot a block device of this host with its partitions, read-only (Linux as root; Windows: VHD, VHDX; macOS)',
  grammar: (command) =>
    addReadingOptions(
      addAcceptOption(
        addPlanOptions(command)
          .option(
            '--rw',
            'write what is written to the device to the image (raw, qcow2; Windows: VHD, VHDX; macOS: raw, sparse images, ASIF)',
          )
          .option('--passphrase', 'open an encrypted image of macOS with the passphrase on standard input'),
      ),
    ),
  async run({ args: [image = ''], options, context }) {
    return await withThreads(context, [], async (running) => {
      const { attach } = await import('./attach.ts')
      return await attach(image, options, running)
    })
  },
})
