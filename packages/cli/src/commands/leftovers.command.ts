import { defineCommand } from '../grammar/command-definition.ts'
import type { LeftoversOptions } from './leftovers.ts'

export const leftoversCommand = defineCommand<LeftoversOptions>({
  usage: 'leftovers [folder]',
  group: 'L1',
  does: 'what commands and migrations that were killed left in a folder; default: this one',
  grammar: (command) =>
    command
      .option('--remove', 'remove what nobody needs')
      .option('--migrations', 'with --remove: also what migrations left; one that goes on begins anew'),
  async run({ args: [folder = ''], options, context }) {
    const { leftovers } = await import('./leftovers.ts')
    return await leftovers(folder, options, context)
  },
})
