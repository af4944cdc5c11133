import type { AcceptOptions } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addAcceptOption, addLuksOptions, addPlanOptions, addReadingOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { MountOptions } from './mount.ts'

export const mountCommand = defineCommand<MountOptions & AcceptOptions>({
  usage: 'mount <image> <folder>',
  group: 'L3',
  does: 'mount a filesystem of an image, IMAGE, IMAGE:PARTITION or IMAGE:VG/LV, at an empty or new folder, on Windows at a drive letter too, read-only (Linux as root; Windows: VHD, VHDX; macOS)',
  grammar: (command) =>
    addReadingOptions(
      addAcceptOption(
        addLuksOptions(
          addPlanOptions(command).option(
            '--rw',
            'write what is written to the folder to the image (raw, qcow2; Windows: VHD, VHDX)',
          ),
        ),
      ),
    ),
  async run({ args: [image = '', folder = ''], options, context }) {
    return await withThreads(context, [], async (running) => {
      const { mount } = await import('./mount.ts')
      return await mount({ image, folder }, options, running)
    })
  },
})
