import type { AcceptOptions } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addAcceptOption, addHostOptions, addReadingOptions } from '../grammar/options.ts'
import type { ReadingOptions } from '../input.ts'
import type { HostOptions } from '../operations/wish.ts'

export const mapCommand = defineCommand<ReadingOptions & AcceptOptions & HostOptions>({
  usage: 'map <file>',
  group: 'L3',
  does: 'which ranges of the disk are data, zero or absent',
  grammar: (command) => addHostOptions(addReadingOptions(addAcceptOption(command))),
  async run({ args: [file = ''], options, context }) {
    const { host } = options
    if (host !== undefined) {
      const { mapThere } = await import('./map.ts')
      return await mapThere(file, { ...options, host }, context)
    }
    const { map } = await import('./map.ts')
    return await map(file, options, context)
  },
})
