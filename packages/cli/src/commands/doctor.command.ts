import { UsageError } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addOperationOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { DoctorOptions } from './doctor.ts'

export const doctorCommand = defineCommand<DoctorOptions>({
  usage: 'doctor <folder>',
  group: 'all',
  does: 'what is to be mended in a folder of images, each with the command that mends it (exit code 0: nothing, 1: something); --fix mends it',
  grammar: (command) =>
    addOperationOptions(
      command
        .option('--digest', 'read images of one size whole, to find those that hold the same disk')
        .option(
          '--old <days>',
          'days without a write after which an image that nothing names, or an undo file, is told',
          daysOf,
          90,
        )
        .option('--fix', 'mend one finding after the other, each by a plan that is consented to'),
    ),
  async run({ args: [folder = ''], options, context }) {
    return await withThreads(context, [], async (running) => {
      const { doctor } = await import('./doctor.ts')
      return await doctor(folder, options, running)
    })
  },
})

function daysOf(text: string): number {
  if (/^\d{1,6}$/u.test(text)) return Number(text)
  throw new UsageError(`--old takes a number of days, not ${JSON.stringify(text)}.`)
}
