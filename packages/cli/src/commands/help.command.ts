import { defineCommand } from '../grammar/command-definition.ts'

export const helpCommand = defineCommand({
  usage: 'help [command...]',
  does: 'help for a command, such as chain rebase',
  isAboutAll: true,
  async run({ args: words, context, program }) {
    const { showHelp } = await import('../grammar/show-help.ts')
    return showHelp(program, words, context)
  },
})
