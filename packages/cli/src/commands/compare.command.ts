import type { AcceptOptions } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addAcceptOption, addReadingOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { ReadingOptions } from '../input.ts'

export const compareCommand = defineCommand<ReadingOptions & AcceptOptions>({
  usage: 'compare <a> <b>',
  group: 'L3',
  does: 'whether two images hold the same disk (exit code 0) or not (1)',
  grammar: (command) => addReadingOptions(addAcceptOption(command)),
  async run({ args: [a = '', b = ''], options, context }) {
    return await withThreads(context, [a, b], async (running) => {
      const { compare } = await import('./compare.ts')
      return await compare([a, b], options, running)
    })
  },
})
