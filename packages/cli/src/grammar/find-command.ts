import type { Command } from 'commander'
import { UsageError } from '../command.ts'
import { allCommands, modelOf } from './model.ts'
import { nearestWord } from './nearest-word.ts'

/** The command of those words, such as `chain`, `rebase`; none: the whole. Throws a `UsageError` that names the one that was meant. */
export function findCommand(program: Command, words: readonly string[]): Command {
  let found = program
  for (const word of words) {
    const next = found.commands.find((one) => one.name() === word)
    if (!next) throw noCommand(program, words.join(' '))
    found = next
  }
  return found
}

function noCommand(program: Command, name: string): UsageError {
  const names = allCommands(modelOf(program)).map(({ path }) => path.join(' '))
  const nearest = nearestWord(name, names)
  const hint = nearest === null ? 'varve help lists all.' : `Did you mean ${nearest}?`
  return new UsageError(`There is no command ${JSON.stringify(name)}. ${hint}`)
}
