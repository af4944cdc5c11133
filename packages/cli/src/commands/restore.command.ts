import { defineCommand } from '../grammar/command-definition.ts'
import { addOperationOptions, collect } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { QuarantineIdOptions } from './restore.ts'

export const restoreCommand = defineCommand<QuarantineIdOptions>({
  usage: 'restore <id>',
  group: 'L1',
  does: 'bring an image back from quarantine to where it was, never over another file',
  grammar: (command) =>
    addOperationOptions(command).option(
      '--folder <folder>',
      'look in the quarantine of this folder too; may be repeated',
      collect,
      [],
    ),
  async run({ args: [id = ''], options, context }) {
    return await withThreads(context, [], async (running) => {
      const { restore } = await import('./restore.ts')
      return await restore(id, options, running)
    })
  },
})
