import { defineCommand } from '../grammar/command-definition.ts'
import { overFiles } from '../over-files.ts'
import { addHostOptions, addReadingOptions } from '../grammar/options.ts'
import type { ReadingOptions } from '../input.ts'
import type { HostOptions } from '../operations/wish.ts'

export const infoCommand = defineCommand<ReadingOptions & HostOptions>({
  usage: 'info <files...>',
  group: 'all',
  does: 'what an image is, layer by layer',
  grammar: (command) => addHostOptions(addReadingOptions(command)),
  async run({ args, options, context }) {
    const { host } = options
    if (host !== undefined) {
      const { infoThere } = await import('./info.ts')
      return await overFiles(args, context, async (file, one) => infoThere(file, { ...options, host }, one))
    }
    const { info } = await import('./info.ts')
    return await overFiles(args, context, async (file, one) => info(file, options, one))
  },
})
