import type { AcceptOptions } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addAcceptOption, addReadOptions, addReadingOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { ReadingOptions } from '../input.ts'
import { isReadByPlan, type ReadOptions } from '../operations/wish.ts'
import { overFiles } from '../over-files.ts'

export const verifyCommand = defineCommand<ReadingOptions & AcceptOptions & ReadOptions & { keep?: boolean }>(
  {
    usage: 'verify <images...>',
    group: 'L3',
    does: 'whether an image still holds what it held when it was proven (exit code 0) or not (1); 4: no manifest is kept',
    grammar: (command) =>
      addReadOptions(
        addReadingOptions(
          addAcceptOption(command.option('--keep', 'keep a manifest of what it holds now instead')),
        ),
      ),
    async run({ args, options, context }) {
      if (isReadByPlan(options)) {
        const { verifyByPlan } = await import('./verify.ts')
        return await overFiles(args, context, async (file, one) => verifyByPlan(file, options, one), options)
      }
      return await withThreads(context, args, async (running) => {
        const { verify } = await import('./verify.ts')
        const { pool } = running
        return await overFiles(args, running, async (file, one) => verify(file, options, { ...one, pool }))
      })
    },
  },
)
