import { defineCommand } from '../grammar/command-definition.ts'
import { addOperationOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { OperateOptions } from '../operations/operate.ts'

export const detachCommand = defineCommand<OperateOptions>({
  usage: 'detach <image-or-device>',
  group: 'L3',
  does: 'take away the block device that an image was attached as, also one that is half made or dead',
  grammar: addOperationOptions,
  async run({ args: [target = ''], options, context }) {
    return await withThreads(context, [], async (running) => {
      const { detach } = await import('./detach.ts')
      return await detach(target, options, running)
    })
  },
})
