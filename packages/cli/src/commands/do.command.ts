import { defineCommand } from '../grammar/command-definition.ts'
import { collect } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { DoOptions } from './do.ts'

export const doCommand = defineCommand<Pick<DoOptions, 'outcome'>>({
  usage: 'do <action> <input>',
  group: 'runs',
  does: 'one action of a plan, as runbooks call it',
  isHidden: true,
  grammar: (command) =>
    command.option('--outcome <step=json>', 'what an earlier step printed; may be repeated', collect, []),
  async run({ args: [action = '', input = ''], options, context }) {
    return await withThreads(context, [], async (running) => {
      const { doAction } = await import('./do.ts')
      return await doAction({ ...options, action, input }, running)
    })
  },
})
