import type { AcceptOptions } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addAcceptOption, addPlanOptions, addReadingOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { MountOptions } from './mount.ts'

export const mountCommand = defineCommand<MountOptions & AcceptOptions>({
  usage: 'mount <image> <folder>',
  group: 'L3',
  does: 'mount a filesystem of an image, IMAGE, IMAGE:PARTITION or IMAGE:VG/LV, at an empty or new folder, read-only (Linux, root)',
  grammar: (command) =>
    addReadingOptions(
      addAcceptOption(
        addPlanOptions(command)
          .option('--rw', 'write what is written to the folder to the image (raw, qcow2)')
          .option(
            '--luks',
            'open its LUKS with the passphrase on standard input (a newline at its end does not count)',
          )
          .option('--luks-key', 'the same with the bytes of a key file on standard input'),
      ),
    ),
  async run({ args: [image = '', folder = ''], options, context }) {
    return await withThreads(context, [], async (running) => {
      const { mount } = await import('./mount.ts')
      return await mount({ image, folder }, options, running)
    })
  },
})
