import { UsageError } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addFreeOptions } from '../grammar/options.ts'
import { assertNoPlanAsked, type FreeOptions } from '../operations/wish.ts'

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
    assertNoPlanAsked(options, 'a list of what lies in quarantine')
    const [first, ...rest] = args
    const folders = first === 'list' ? rest : args
    const { quarantine, quarantineThere } = await import('./quarantine.ts')
    const { host, controller } = options
    if (host === undefined && controller !== undefined) throw new UsageError('--controller goes with --host.')
    if (host === undefined) return await quarantine(folders, context)
    if (folders.length > 0)
      throw new UsageError('With --host its libraries are looked in: leave folders out.')
    return await quarantineThere({ host, controller }, context)
  },
})
