import { defineCommand } from '../grammar/command-definition.ts'
import { addAcceptOption, addReadingOptions } from '../grammar/options.ts'
import { overFiles } from '../over-files.ts'
import type { CheckCommand } from './check.ts'

export const checkCommand = defineCommand<Omit<CheckCommand, 'file'>>({
  usage: 'check <files...>',
  group: 'L2',
  does: 'whether the tables of an image contradict each other: exit code 3 corrupt, 9 leaks only',
  grammar: (command) =>
    addReadingOptions(
      addAcceptOption(
        command
          .option('--repair', 'repair what is provably safe: leaks of qcow2, footers of VHD')
          .option('--backup <file>', 'with --repair: keep every byte that is overwritten in this new file')
          .option('--undo <backup>', 'put back what a repair overwrote, from its backup'),
      ),
    ),
  async run({ args, options, context }) {
    const { check } = await import('./check.ts')
    return await overFiles(args, context, async (file, one) => check({ ...options, file }, one))
  },
})
