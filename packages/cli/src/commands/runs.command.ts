import { defineCommand } from '../grammar/command-definition.ts'
import { addControllerOption, addFreeOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { RunsOptions } from './runs.ts'

export const runsCommand = defineCommand<Omit<RunsOptions, 'id'>>({
  usage: 'runs [id]',
  group: 'runs',
  does: 'the runs of operations on this host or of the fleet, or one in detail',
  grammar: (command) =>
    addControllerOption(addFreeOptions(command))
      .option('--limit <n>', 'the newest, at most this many, or all; for people 20 unless said')
      .option('--fleet', 'the runs of the fleet, by their numbers')
      .option('--cancel', 'give the named run up and undo what it did')
      .option('--resume', 'go on with a run that was cut off or failed')
      .option('--undo', 'undo a run that is over')
      .option('--forget', 'with --fleet: take a run that is over out of the lists'),
  async run({ args: [id = null], options, context }) {
    return await withThreads(context, [], async (running) => {
      const { runs } = await import('./runs.ts')
      return await runs({ ...options, id }, running)
    })
  },
})
