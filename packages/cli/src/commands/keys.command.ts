import { defineCommand } from '../grammar/command-definition.ts'
import { addControllerOption } from '../grammar/options.ts'
import type { FleetOptions } from '../fleet.ts'
import type { MakeKeyOptions } from './keys.ts'

const makeCommand = defineCommand<MakeKeyOptions>({
  usage: 'make <name>',
  does: 'a key for a program, shown once; it never lets more be done than you may',
  grammar: (command) =>
    addControllerOption(command)
      .option('--role <role>', 'viewer, operator or admin', 'viewer')
      .option('--days <n>', 'how long it holds, 1 to 3660', '90')
      .option('--hosts <names>', 'only on these hosts, comma-separated, * for any characters')
      .option('--libraries <names>', 'and only in these libraries')
      .option('--operations <names>', 'and only these, such as migrate,convert,verify'),
  async run({ args: [name = ''], options, context }) {
    const { keysMake } = await import('./keys.ts')
    return await keysMake(name, options, context)
  },
})

const revokeCommand = defineCommand<FleetOptions & { anyone?: boolean }>({
  usage: 'revoke <key>',
  does: 'a key lets nobody in any more; it is named by its id',
  grammar: (command) => addControllerOption(command).option('--anyone', 'one of somebody else, for admins'),
  async run({ args: [id = ''], options, context }) {
    const { keysRevoke } = await import('./keys.ts')
    return await keysRevoke(id, options, context)
  },
})

export const keysCommand = defineCommand<FleetOptions & { anyone?: boolean }>({
  usage: 'keys',
  group: 'fleet',
  does: 'your keys for programs: what each may do, until when',
  grammar: (command) => addControllerOption(command).option('--anyone', 'those of everybody, for admins'),
  async run({ options, context }) {
    const { keys } = await import('./keys.ts')
    return await keys(options, context)
  },
  commands: [makeCommand, revokeCommand],
})
