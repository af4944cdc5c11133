import { defineCommand } from '../grammar/command-definition.ts'
import type { ManOptions } from './man.ts'

export const manCommand = defineCommand<Omit<ManOptions, 'words'>>({
  usage: 'man [command...]',
  group: 'varve',
  does: 'the manual of this command, or of one of its commands: varve man convert | man -l -',
  isAboutAll: true,
  grammar: (command) => command.option('--list', 'the names of all pages'),
  async run({ args: words, options, context, program }) {
    const { man } = await import('./man.ts')
    return await man({ ...options, words }, { context, program })
  },
})
