import type { Command } from 'commander'
import { UsageError, type CommandContext, type Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { findCommand } from '../grammar/find-command.ts'
import { allCommands, modelOf } from '../grammar/model.ts'
import { manualPage, pageName } from '../manual/page.ts'

export interface ManOptions {
  /** The command, such as `images`, `format`; none: the whole. */
  readonly words: readonly string[]
  readonly list?: boolean
}

interface About {
  readonly context: CommandContext
  readonly program: Command
}

/** `varve man [COMMAND]`: a page of the manual in man(7) macros. */
export async function man({ words, list = false }: ManOptions, { context, program }: About): Outcome {
  const commands = allCommands(modelOf(program))
  const pageOf = (command: (typeof commands)[number]) => ({
    page: pageName(command),
    text: manualPage(command, { version: program.version() ?? '' }),
  })
  if (list) {
    const told = context.json
      ? JSON.stringify(commands.map((one) => ({ command: one.path, does: one.does, ...pageOf(one) })))
      : commands.map(pageName).join('\n')
    context.print(told)
    return Promise.resolve(exitCodes.ok)
  }
  findCommand(program, words)
  const found = commands.find(({ path }) => path.join(' ') === words.join(' '))
  if (!found) throw new UsageError(`There is no page of the manual for ${JSON.stringify(words.join(' '))}.`)
  const page = pageOf(found)
  context.print(context.json ? JSON.stringify(page) : page.text.trimEnd())
  return Promise.resolve(exitCodes.ok)
}
