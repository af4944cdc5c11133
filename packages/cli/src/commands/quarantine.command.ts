import { UsageError } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addFreeOptions } from '../grammar/options.ts'
import { isPlanAsked, type FreeOptions } from '../operations/wish.ts'

interface QuarantineOptions {
  readonly host?: string
  readonly controller?: string
}

export const quarantineCommand = defineCommand<FreeOptions & QuarantineOptions>({
  usage: 'quarantine [folders...]',
  group: 'L1',
  does: 'what lies in quarantine: in those that this user filled, and in those of FOLDERS; quarantine list is the same',
  grammar: (command) =>
    addFreeOptions(command)
      .option('--host <host>', 'in the libraries of this host of the fleet')
      .option('--controller <url>', 'with --host: the controller (or VARVE_CONTROLLER)'),
  async run({ args, options, context }) {
    const [first, ...rest] = args
    const folders = first === 'list' ? rest : args
    const { quarantine, quarantineByPlan, quarantineThere } = await import('./quarantine.ts')
    const { host, controller } = options
    if (host === undefined && controller !== undefined) throw new UsageError('--controller goes with --host.')
    if (host !== undefined && folders.length > 0)
      throw new UsageError('With --host its libraries are looked in: leave folders out.')
    if (isPlanAsked(options)) return await quarantineByPlan(folders, options, context)
    if (host === undefined) return await quarantine(folders, context)
    return await quarantineThere({ host, controller }, context)
  },
})
