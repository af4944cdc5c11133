import { defineCommand } from '../grammar/command-definition.ts'
import { addOperationOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { DetachOptions } from './detach.ts'

export const detachCommand = defineCommand<DetachOptions>({
  usage: 'detach <image-or-device>',
  group: 'L3',
  does: 'take away the block device that an image was attached as, also one that is half made or dead',
  grammar: (command) =>
    addOperationOptions(command).option(
      '--force',
      'on macOS: also while it is used, which loses what was not written (needs --accept detach-forced)',
    ),
  async run({ args: [target = ''], options, context }) {
    return await withThreads(context, [], async (running) => {
      const { detach } = await import('./detach.ts')
      return await detach(target, options, running)
    })
  },
})
