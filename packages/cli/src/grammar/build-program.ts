import { Command } from 'commander'
import type { CommandContext, Outcome } from '../command.ts'
import { commandGroups, type CommandGroup } from './command-group.ts'
import type { CommandDefinition } from './command-definition.ts'

export interface Globals {
  readonly json?: boolean
  readonly verbose?: boolean
}

/** Carries a command out once its words are understood; `about` is its last operand. */
export type Dispatch = (
  call: { readonly globals: Globals; readonly about: string },
  run: (context: CommandContext) => Outcome,
) => Promise<void>

const services = `
Services of a fleet, each with --help of its own:
  controller                    keeps the inventory, runs migrations, serves the dashboard
  agent                         reads and writes the images of this host for a controller
`

/** The whole grammar of `varve`, from which help, completion and the manual are made too. */
export function buildProgram(
  definitions: readonly CommandDefinition[],
  version: string,
  dispatch: Dispatch,
): Command {
  const program = new Command('varve')
    .description('Inspects, converts, verifies and migrates virtual machine disk images, layer by layer.')
    .version(version, '-V, --version')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, subcommandTerm: usageOf })
    .option('--json', 'print one JSON document instead of text')
    .option('--verbose', 'say on standard error what tools run and what runs write down (or VARVE_LOG=info…)')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /u, 'varve: ')) })
    .addHelpText('after', services)
  const groups = Object.keys(commandGroups) as CommandGroup[]
  for (const group of groups)
    for (const definition of definitions.filter((one) => (one.group ?? 'varve') === group))
      addCommand(program, definition, { program, dispatch }).helpGroup(`${commandGroups[group]}:`)
  return program.helpCommand(false)
}

/** The name and operands of a command, as its definition has them. */
export function usageOf(command: Command): string {
  const operands = command.registeredArguments.map((one) => {
    const name = `${one.name()}${one.variadic ? '...' : ''}`
    return one.required ? `<${name}>` : `[${name}]`
  })
  return [command.name(), ...operands].join(' ')
}

interface Building {
  readonly program: Command
  readonly dispatch: Dispatch
}

function addCommand(parent: Command, definition: CommandDefinition, building: Building): Command {
  const { usage, does, isHidden = false, commands = [] } = definition
  const command = parent.command(usage, { hidden: isHidden }).description(does)
  definition.grammar?.(command)
  if (definition.run) addAction(command, definition, building)
  for (const one of commands) addCommand(command, one, building)
  return command
}

/** Commander calls actions with the arguments, the options and the command; ours get the arguments and all options. */
function addAction(command: Command, definition: CommandDefinition, { program, dispatch }: Building): void {
  command.action(async (...parameters: unknown[]) => {
    const args = parameters
      .slice(0, -2)
      .flat()
      .filter((value) => typeof value === 'string')
    const options = command.optsWithGlobals<Globals>()
    const about = args.at(-1) ?? command.name()
    await dispatch({ globals: options, about }, async (context) => {
      if (!definition.run) throw new TypeError(`${command.name()} has nobody to carry it out`)
      return await definition.run({ args, options, context, program })
    })
  })
}
