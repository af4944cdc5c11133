import { defineCommand } from '../grammar/command-definition.ts'
import { addOperationOptions, collect } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { MoveOptions } from './move.ts'

export const moveCommand = defineCommand<MoveOptions>({
  usage: 'move <source> <target>',
  group: 'L1',
  does: 'rename an image, or move it to another folder or filesystem; what names it, and whom it names, is kept right',
  grammar: (command) =>
    addOperationOptions(command).option(
      '--folder <folder>',
      'look in this folder too, with all below it, for images that are made over it; may be repeated',
      collect,
      [],
    ),
  async run({ args: [source = '', target = ''], options, context }) {
    return await withThreads(context, [], async (running) => {
      const { move } = await import('./move.ts')
      return await move({ source, target }, options, running)
    })
  },
})
