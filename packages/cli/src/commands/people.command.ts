import { defineCommand } from '../grammar/command-definition.ts'
import { addControllerOption } from '../grammar/options.ts'
import type { FleetOptions } from '../fleet.ts'
import type { GrantOptions } from './people.ts'

function grantOptions(command: Parameters<typeof addControllerOption>[0]) {
  return addControllerOption(command)
    .option('--hosts <names>', 'an operator works only on these hosts, comma-separated, * for any characters')
    .option('--libraries <names>', 'and only in these libraries')
    .option('--operations <names>', 'and does only these, such as migrate,convert,verify')
}

const addCommand = defineCommand<GrantOptions>({
  usage: 'add <name> [role]',
  does: 'a person who may sign in, as viewer, operator or admin (viewer when not said); prints a link that signs them in once',
  grammar: grantOptions,
  async run({ args: [name = '', role], options, context }) {
    const { peopleAdd } = await import('./people.ts')
    return await peopleAdd(name, role, options, context)
  },
})

const roleCommand = defineCommand<GrantOptions>({
  usage: 'role <name> <role>',
  does: 'what a person may: viewer, operator or admin, and where',
  grammar: (command) =>
    grantOptions(command).option('--everywhere', 'an operator who was bound to places is not any more'),
  async run({ args: [name = '', role = ''], options, context }) {
    const { peopleRole } = await import('./people.ts')
    return await peopleRole(name, role, options, context)
  },
})

const linkCommand = defineCommand<FleetOptions & { forget?: boolean }>({
  usage: 'link <name>',
  does: 'a new link that signs a person in once',
  grammar: (command) =>
    addControllerOption(command).option('--forget', 'what they signed in with until now is forgotten'),
  async run({ args: [name = ''], options, context }) {
    const { peopleLink } = await import('./people.ts')
    return await peopleLink(name, options, context)
  },
})

const disableCommand = defineCommand<FleetOptions>({
  usage: 'disable <name>',
  does: 'keeps a person out, at once; their name and what they did stay',
  grammar: addControllerOption,
  async run({ args: [name = ''], options, context }) {
    const { peopleDisable } = await import('./people.ts')
    return await peopleDisable(name, true, options, context)
  },
})

const enableCommand = defineCommand<FleetOptions>({
  usage: 'enable <name>',
  does: 'lets a person in again',
  grammar: addControllerOption,
  async run({ args: [name = ''], options, context }) {
    const { peopleDisable } = await import('./people.ts')
    return await peopleDisable(name, false, options, context)
  },
})

const removeCommand = defineCommand<FleetOptions>({
  usage: 'remove <name>',
  does: 'a person, with their sessions and keys',
  grammar: addControllerOption,
  async run({ args: [name = ''], options, context }) {
    const { peopleRemove } = await import('./people.ts')
    return await peopleRemove(name, options, context)
  },
})

const sessionsCommand = defineCommand<FleetOptions & { end?: string }>({
  usage: 'sessions',
  does: 'who is signed in, from where and until when',
  grammar: (command) => addControllerOption(command).option('--end <id>', 'ends one, at once'),
  async run({ options, context }) {
    const { peopleSessions } = await import('./people.ts')
    return await peopleSessions(options, context)
  },
})

export const peopleCommand = defineCommand<FleetOptions>({
  usage: 'people',
  group: 'fleet',
  does: 'who may sign in at the controller, and what each may do',
  grammar: addControllerOption,
  async run({ options, context }) {
    const { people } = await import('./people.ts')
    return await people(options, context)
  },
  commands: [
    addCommand,
    disableCommand,
    enableCommand,
    linkCommand,
    removeCommand,
    roleCommand,
    sessionsCommand,
  ],
})
