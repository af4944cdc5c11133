import type { Command } from 'commander'
import { UsageError, type CommandContext, type Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
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
  if (list) {
    const pages = commands.map(({ path, does }) => ({ page: pageName({ path }), command: path, does }))
    context.print(context.json ? JSON.stringify(pages) : pages.map(({ page }) => page).join('\n'))
    return Promise.resolve(exitCodes.ok)
  }
  const name = words.join(' ')
  const found = commands.find(({ path }) => path.join(' ') === name)
  if (!found)
    throw new UsageError(`There is no command ${JSON.stringify(name)}; varve man --list lists all pages.`)
  const page = manualPage(found, { version: program.version() ?? '' })
  context.print(context.json ? JSON.stringify({ page: pageName(found), text: page }) : page.trimEnd())
  return Promise.resolve(exitCodes.ok)
}
