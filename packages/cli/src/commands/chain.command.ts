import { defineCommand } from '../grammar/command-definition.ts'
import { addOperationOptions, collect } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { ChainRepointOptions } from './chain-repoint.ts'

const repointCommand = defineCommand<ChainRepointOptions>({
  usage: 'repoint <image>',
  does: "change only the name of the image's parent, which is proven to hold the old parent's disk",
  grammar: (command) =>
    addOperationOptions(
      command
        .requiredOption('--parent <file>', 'the image that it is to name')
        .option('--parent-format <format>', 'take the parent for this format instead of detecting it'),
    ),
  async run({ args: [image = ''], options, context }) {
    const { chainRepoint } = await import('./chain-repoint.ts')
    return await withThreads(context, [image], async (run) => chainRepoint(image, options, run))
  },
})

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
  commands: [repointCommand, showCommand],
})
