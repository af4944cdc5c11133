import { UsageError } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addHostOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { HostOptions } from '../operations/wish.ts'
import type { DoctorOptions } from './doctor.ts'

export const doctorCommand = defineCommand<DoctorOptions & HostOptions>({
  usage: 'doctor <folder>',
  group: 'all',
  does: 'what is to be mended in a folder of images, each with the command that mends it (exit code 0: nothing, 1: something)',
  grammar: (command) =>
    addHostOptions(command)
      .option('--digest', 'read images of one size whole, to find those that hold the same disk')
      .option(
        '--old <days>',
        'days without a write after which an image that nothing names is told',
        daysOf,
        90,
      ),
  async run({ args: [folder = ''], options, context }) {
    const { host } = options
    if (host !== undefined) {
      const { doctorThere } = await import('./doctor.ts')
      return await doctorThere(folder, { ...options, host }, context)
    }
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
