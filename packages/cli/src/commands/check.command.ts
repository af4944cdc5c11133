import { Option } from 'commander'
import { examiningTools } from '@varve/operations/read/examining-tools'
import { UsageError } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addAcceptOption, addPlanOptions, addReadingOptions, addTlsOption } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import { isReadByPlan } from '../operations/wish.ts'
import { overFiles } from '../over-files.ts'
import type { CheckCommand } from './check.ts'
import type { RepairCommand } from './repair.ts'

export const checkCommand = defineCommand<Omit<CheckCommand, 'file'> & Omit<RepairCommand, 'with'>>({
  usage: 'check <files...>',
  group: 'L2',
  does: 'whether the tables of an image contradict each other: exit code 3 corrupt, 9 leaks only',
  grammar: (command) =>
    addTlsOption(
      addReadingOptions(
        addAcceptOption(
          addPlanOptions(
            command
              .option('--repair', 'repair what is provably safe: leaks of qcow2, footers of VHD')
              .option(
                '--backup <file>',
                'with --repair: keep every byte that is overwritten in this new file',
              )
              .addOption(
                new Option(
                  '--with <program>',
                  'who is asked too; with --repair: who does it, qemu-img repairs a copy, which takes the place of the original',
                ).choices(['varve', ...examiningTools]),
              )
              .addOption(
                new Option(
                  '--what <what>',
                  'with --with qemu-img: all may change what the guest reads',
                ).choices(['leaks', 'all']),
              )
              .option('--undo <backup>', 'put back what a repair overwrote, from its backup'),
          ),
        ),
      ),
    ),
  async run({ args, options, context }) {
    const { with: by = 'varve' } = options
    if (options.repair !== true) {
      if (by !== 'varve' && !isReadByPlan(options)) {
        const { checkWithTool } = await import('./check.ts')
        return await overFiles(args, context, async (file, one) => checkWithTool({ ...options, file }, one))
      }
      if (isReadByPlan(options)) {
        const { checkByPlan } = await import('./check.ts')
        return await overFiles(
          args,
          context,
          async (file, one) => checkByPlan({ ...options, file }, one),
          options,
        )
      }
      const { check } = await import('./check.ts')
      return await overFiles(args, context, async (file, one) => check({ ...options, file }, one))
    }
    if (by !== 'varve' && by !== 'qemu-img')
      throw new UsageError(`--with ${by} repairs nothing: it only checks.`)
    return await withThreads(context, [], async (running) => {
      const { repair } = await import('./repair.ts')
      return await repair(args, { ...options, with: by }, running)
    })
  },
})
