import { defineCommand } from '../grammar/command-definition.ts'
import { addReadOptions } from '../grammar/options.ts'
import { isReadByPlan, type ReadOptions } from '../operations/wish.ts'

export const attachedCommand = defineCommand<ReadOptions>({
  usage: 'attached',
  group: 'L3',
  does: 'list what is attached and mounted, as the kernel has it now',
  grammar: addReadOptions,
  async run({ options, context }) {
    const { attached, attachedByPlan } = await import('./attached.ts')
    return await (isReadByPlan(options) || process.platform === 'win32' ? attachedByPlan : attached)(
      options,
      context,
    )
  },
})
