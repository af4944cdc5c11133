import type { CommandContext } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'

/** Tells that it is done: in words, or by what was answered. */
export function printDone(context: CommandContext, answer: unknown, words: string): typeof exitCodes.ok {
  context.print(context.json ? JSON.stringify(answer, null, 2) : words)
  return exitCodes.ok
}
