import { defineCommand } from '../grammar/command-definition.ts'
import { addOperationOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { OperateOptions } from '../operations/operate.ts'

export const moveCommand = defineCommand<OperateOptions>({
  usage: 'move <source> <target>',
  group: 'L1',
  does: 'rename an image, or move it to another folder or filesystem; what names it, and whom it names, is kept right',
  grammar: addOperationOptions,
  async run({ args: [source = '', target = ''], options, context }) {
    return await withThreads(context, [], async (running) => {
      const { move } = await import('./move.ts')
      return await move({ source, target }, options, running)
    })
  },
})
