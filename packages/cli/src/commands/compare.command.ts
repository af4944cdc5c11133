import type { AcceptOptions } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addAcceptOption, addHostOptions, addReadingOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { ReadingOptions } from '../input.ts'
import type { HostOptions } from '../operations/wish.ts'

export const compareCommand = defineCommand<ReadingOptions & AcceptOptions & HostOptions>({
  usage: 'compare <a> <b>',
  group: 'L3',
  does: 'whether two images hold the same disk (exit code 0) or not (1)',
  grammar: (command) => addHostOptions(addReadingOptions(addAcceptOption(command))),
  async run({ args: [a = '', b = ''], options, context }) {
    const { host } = options
    if (host !== undefined) {
      const { compareThere } = await import('./compare-there.ts')
      return await compareThere([a, b], { ...options, host }, context)
    }
    return await withThreads(context, [a, b], async (running) => {
      const { compare } = await import('./compare.ts')
      return await compare([a, b], options, running)
    })
  },
})
