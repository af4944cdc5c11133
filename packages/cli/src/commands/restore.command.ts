import { defineCommand } from '../grammar/command-definition.ts'
import { addQuarantineOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { QuarantineIdOptions } from './restore.ts'

export const restoreCommand = defineCommand<QuarantineIdOptions>({
  usage: 'restore <id>',
  group: 'L1',
  does: 'bring an image back from quarantine to where it was, never over another file',
  grammar: addQuarantineOptions,
  async run({ args: [id = ''], options, context }) {
    return await withThreads(context, [], async (running) => {
      const { restore } = await import('./restore.ts')
      return await restore(id, options, running)
    })
  },
})
