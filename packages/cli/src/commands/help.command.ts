import { exitCodes } from '../exit-codes.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { findCommand } from '../grammar/find-command.ts'

export const helpCommand = defineCommand({
  usage: 'help [command...]',
  does: 'help for a command, such as chain rebase',
  async run({ args: words, context, program }) {
    const command = findCommand(program, words)
    if (context.json) context.print(JSON.stringify({ command: words, help: command.helpInformation() }))
    else command.outputHelp()
    return Promise.resolve(exitCodes.ok)
  },
})
