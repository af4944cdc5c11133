import { defineCommand } from '../grammar/command-definition.ts'
import { overFiles } from '../over-files.ts'
import { addReadOptions, addReadingOptions, addTlsOption } from '../grammar/options.ts'
import type { ReadingOptions } from '../input.ts'
import { isReadByPlan, type ReadOptions } from '../operations/wish.ts'

export const infoCommand = defineCommand<ReadingOptions & ReadOptions>({
  usage: 'info <files...>',
  group: 'all',
  does: 'what an image is, layer by layer',
  grammar: (command) => addReadOptions(addTlsOption(addReadingOptions(command))),
  async run({ args, options, context }) {
    if (isReadByPlan(options)) {
      const { infoByPlan } = await import('./info.ts')
      return await overFiles(args, context, async (file, one) => infoByPlan(file, options, one), options)
    }
    const { info } = await import('./info.ts')
    return await overFiles(args, context, async (file, one) => info(file, options, one))
  },
})
