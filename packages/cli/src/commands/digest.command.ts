import { UsageError, type AcceptOptions } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addAcceptOption, addReadOptions, addReadingOptions, addTlsOption } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { ReadingOptions } from '../input.ts'
import { isReadByPlan, type ReadOptions } from '../operations/wish.ts'
import { overFiles } from '../over-files.ts'
import { dash } from '../standard-input.ts'

export const digestCommand = defineCommand<
  ReadingOptions & AcceptOptions & ReadOptions & { sha256?: boolean }
>({
  usage: 'digest <files...>',
  group: 'L3',
  does: 'the digest of what the guest sees (L3), the same in every format',
  grammar: (command) =>
    addReadOptions(
      addTlsOption(
        addReadingOptions(addAcceptOption(command.option('--sha256', 'also the plain SHA-256 over L3'))),
      ),
    ),
  async run({ args, options, context }) {
    if (isReadByPlan(options)) {
      const { digestByPlan } = await import('./digest.ts')
      return await overFiles(args, context, async (file, one) => digestByPlan(file, options, one), options)
    }
    if (args.includes(dash)) {
      if (args.length > 1)
        throw new UsageError('Standard input (-) is digested by itself; a file of that name is ./-.')
      const { digestInput } = await import('./digest-input.ts')
      return await digestInput(options, context)
    }
    return await withThreads(context, args, async (running) => {
      const { digest } = await import('./digest.ts')
      const { pool } = running
      return await overFiles(args, running, async (file, one) => digest(file, options, { ...one, pool }))
    })
  },
})
