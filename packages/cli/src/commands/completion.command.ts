import { Argument } from 'commander'
import { defineCommand } from '../grammar/command-definition.ts'
import { shells } from '../completion/shells.ts'

export const completionCommand = defineCommand<object>({
  usage: 'completion',
  group: 'varve',
  does: 'what makes a shell complete the words of this command; see the first lines of what it prints',
  isAboutAll: true,
  grammar: (command) => command.addArgument(new Argument('<shell>', 'which shell').choices(shells)),
  async run({ args: [shell = ''], context, program }) {
    const { completion } = await import('./completion.ts')
    return await completion(shell, { context, program })
  },
})
