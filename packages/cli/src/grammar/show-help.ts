import type { Command } from 'commander'
import type { CommandContext } from '../command.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { findCommand } from './find-command.ts'

/** Prints the help of the command of those words; throws a `UsageError` when there is none. */
export function showHelp(
  program: Command,
  words: readonly string[],
  { json, print }: Pick<CommandContext, 'json' | 'print'>,
): ExitCode {
  const command = findCommand(program, words)
  if (json) print(JSON.stringify({ command: words, help: command.helpInformation() }))
  else command.outputHelp()
  return exitCodes.ok
}
