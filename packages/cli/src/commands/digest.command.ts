import type { AcceptOptions } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addAcceptOption, addReadingOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { ReadingOptions } from '../input.ts'

export const digestCommand = defineCommand<ReadingOptions & AcceptOptions & { sha256?: boolean }>({
  usage: 'digest <file>',
  group: 'L3',
  does: 'the digest of what the guest sees (L3), the same in every format',
  grammar: (command) =>
    addReadingOptions(addAcceptOption(command.option('--sha256', 'also the plain SHA-256 over L3'))),
  async run({ args: [file = ''], options, context }) {
    return await withThreads(context, [file], async (running) => {
      const { digest } = await import('./digest.ts')
      return await digest(file, options, running)
    })
  },
})
