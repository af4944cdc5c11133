import type { AcceptOptions } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addAcceptOption, addReadOptions, addReadingOptions, addTlsOption } from '../grammar/options.ts'
import type { ReadingOptions } from '../input.ts'
import { isReadByPlan, type ReadOptions } from '../operations/wish.ts'

export const mapCommand = defineCommand<ReadingOptions & AcceptOptions & ReadOptions>({
  usage: 'map <file>',
  group: 'L3',
  does: 'which ranges of the disk are data, zero or absent',
  grammar: (command) => addReadOptions(addTlsOption(addReadingOptions(addAcceptOption(command)))),
  async run({ args: [file = ''], options, context }) {
    if (isReadByPlan(options)) {
      const { mapByPlan } = await import('./map.ts')
      return await mapByPlan(file, options, context)
    }
    const { map } = await import('./map.ts')
    return await map(file, options, context)
  },
})
