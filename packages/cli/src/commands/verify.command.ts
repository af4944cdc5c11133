import type { AcceptOptions } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addAcceptOption, addHostOptions, addReadingOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { ReadingOptions } from '../input.ts'
import type { HostOptions } from '../operations/wish.ts'
import { overFiles } from '../over-files.ts'

export const verifyCommand = defineCommand<ReadingOptions & AcceptOptions & HostOptions & { keep?: boolean }>(
  {
    usage: 'verify <images...>',
    group: 'L3',
    does: 'whether an image still holds what it held when it was proven (exit code 0) or not (1); 4: no manifest is kept',
    grammar: (command) =>
      addHostOptions(
        addReadingOptions(
          addAcceptOption(command.option('--keep', 'keep a manifest of what it holds now instead')),
        ),
      ),
    async run({ args, options, context }) {
      const { host } = options
      if (host !== undefined) {
        const { verifyThere } = await import('./verify.ts')
        return await overFiles(args, context, async (file, one) =>
          verifyThere(file, { ...options, host }, one),
        )
      }
      return await withThreads(context, args, async (running) => {
        const { verify } = await import('./verify.ts')
        const { pool } = running
        return await overFiles(args, running, async (file, one) => verify(file, options, { ...one, pool }))
      })
    },
  },
)
