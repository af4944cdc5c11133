import { defineCommand } from '../grammar/command-definition.ts'
import { addQuarantineOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { QuarantineIdOptions } from './restore.ts'

export const purgeCommand = defineCommand<QuarantineIdOptions>({
  usage: 'purge <id>',
  group: 'L1',
  does: 'remove for good what lies in quarantine; before its time is over it asks for a word by name',
  grammar: addQuarantineOptions,
  async run({ args: [id = ''], options, context }) {
    return await withThreads(context, [], async (running) => {
      const { purge } = await import('./purge.ts')
      return await purge(id, options, running)
    })
  },
})
