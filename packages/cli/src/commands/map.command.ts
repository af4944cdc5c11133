import type { AcceptOptions } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addAcceptOption, addReadingOptions } from '../grammar/options.ts'
import type { ReadingOptions } from '../input.ts'

export const mapCommand = defineCommand<ReadingOptions & AcceptOptions>({
  usage: 'map <file>',
  group: 'L3',
  does: 'which ranges of the disk are data, zero or absent',
  grammar: (command) => addReadingOptions(addAcceptOption(command)),
  async run({ args: [file = ''], options, context }) {
    const { map } = await import('./map.ts')
    return await map(file, options, context)
  },
})
