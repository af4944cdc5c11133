import { defineCommand } from '../grammar/command-definition.ts'
import { addReadingOptions } from '../grammar/options.ts'
import type { ReadingOptions } from '../input.ts'

export const infoCommand = defineCommand<ReadingOptions>({
  usage: 'info <file>',
  group: 'all',
  does: 'what an image is, layer by layer',
  grammar: addReadingOptions,
  async run({ args: [file = ''], options, context }) {
    const { info } = await import('./info.ts')
    return await info(file, options, context)
  },
})
