import { defineCommand } from '../grammar/command-definition.ts'
import { collect } from '../grammar/options.ts'

const showCommand = defineCommand<{ folder: readonly string[] }>({
  usage: 'show <image>',
  does: 'the tree of parents and children, with sizes and formats, and who depends on it',
  grammar: (command) =>
    command.option('--folder <folder>', 'look for children in this folder too; may be repeated', collect, []),
  async run({ args: [image = ''], options, context }) {
    const { chainShow } = await import('./chain-show.ts')
    return await chainShow(image, { folders: options.folder }, context)
  },
})

export const chainCommand = defineCommand({
  usage: 'chain',
  group: 'L2',
  does: 'what an image is made over, and what is made over it',
  commands: [showCommand],
})
