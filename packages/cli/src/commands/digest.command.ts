import type { AcceptOptions } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addAcceptOption, addReadingOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { ReadingOptions } from '../input.ts'
import { overFiles } from '../over-files.ts'

export const digestCommand = defineCommand<ReadingOptions & AcceptOptions & { sha256?: boolean }>({
  usage: 'digest <files...>',
  group: 'L3',
  does: 'the digest of what the guest sees (L3), the same in every format',
  grammar: (command) =>
    addReadingOptions(addAcceptOption(command.option('--sha256', 'also the plain SHA-256 over L3'))),
  async run({ args, options, context }) {
    return await withThreads(context, args, async (running) => {
      const { digest } = await import('./digest.ts')
      const { pool } = running
      return await overFiles(args, running, async (file, one) => digest(file, options, { ...one, pool }))
    })
  },
})
