import { defineCommand } from '../grammar/command-definition.ts'
import { addOperationOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { OperateOptions } from '../operations/operate.ts'

export const umountCommand = defineCommand<OperateOptions>({
  usage: 'umount <folder>',
  group: 'L3',
  does: 'end such a mount, and take away what was made for it: overlay, device, folder',
  grammar: addOperationOptions,
  async run({ args: [folder = ''], options, context }) {
    return await withThreads(context, [], async (running) => {
      const { umount } = await import('./umount.ts')
      return await umount(folder, options, running)
    })
  },
})
