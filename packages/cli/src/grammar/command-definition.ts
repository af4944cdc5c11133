import type { Command } from 'commander'
import type { CommandContext, Outcome } from '../command.ts'
import type { CommandGroup } from './command-group.ts'

/** What a command is called with. */
export interface Call<Options> {
  /** The operands in order, also each of a list such as `<files...>`. */
  readonly args: readonly string[]
  readonly options: Options
  readonly context: CommandContext
  /** The whole grammar, for commands that are about it. */
  readonly program: Command
}

/** One command of the command line: what it takes, what it is, and who carries it out. */
export interface CommandDefinition<Options = object> {
  /** Its name and operands, such as `convert <source> <target>`. */
  readonly usage: string
  /** Where `varve help` lists it; a subcommand stands with its parent. */
  readonly group?: CommandGroup
  /** In one line, for help, completion and the manual. */
  readonly does: string
  /** Called by programs only: in no list. */
  readonly isHidden?: true
  /** It is about the grammar of all commands. */
  readonly isAboutAll?: true
  /** Adds its options; the shared ones are in `options.ts`. */
  grammar?(command: Command): unknown
  /** Loads its implementation when it is called, not before: each command starts as fast as it can. */
  run?(call: Call<Options>): Outcome
  /** Its subcommands, sorted by name. */
  readonly commands?: readonly CommandDefinition[]
}

/** Says the options of a command once. */
export function defineCommand<Options extends object>(
  definition: CommandDefinition<Options>,
): CommandDefinition {
  return definition
}
