import { defineCommand } from '../grammar/command-definition.ts'
import { overFiles } from '../over-files.ts'
import { addReadingOptions } from '../grammar/options.ts'
import type { ReadingOptions } from '../input.ts'

export const infoCommand = defineCommand<ReadingOptions>({
  usage: 'info <files...>',
  group: 'all',
  does: 'what an image is, layer by layer',
  grammar: addReadingOptions,
  async run({ args, options, context }) {
    const { info } = await import('./info.ts')
    return await overFiles(args, context, async (file, one) => info(file, options, one))
  },
})
