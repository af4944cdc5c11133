import { Option } from 'commander'
import { defineCommand } from '../grammar/command-definition.ts'
import { addReadOptions, addOperationOptions, collect } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { OperateOptions } from '../operations/operate.ts'
import { isReadByPlan, type ReadOptions } from '../operations/wish.ts'
import type { ChainRebaseOptions } from './chain-change.ts'
import type { ChainRepointOptions } from './chain-repoint.ts'

const commitCommand = defineCommand<OperateOptions>({
  usage: 'commit <image>',
  does: 'give its parent the disk of the image, which goes into quarantine; refused when others stand on either',
  grammar: addOperationOptions,
  async run({ args: [image = ''], options, context }) {
    const { chainCommit } = await import('./chain-change.ts')
    return await withThreads(context, [image], async (run) => chainCommit(image, options, run))
  },
})

const flattenCommand = defineCommand<OperateOptions>({
  usage: 'flatten <image>',
  does: 'make the image stand alone; the original is kept in quarantine',
  grammar: addOperationOptions,
  async run({ args: [image = ''], options, context }) {
    const { chainFlatten } = await import('./chain-change.ts')
    return await withThreads(context, [image], async (run) => chainFlatten(image, options, run))
  },
})

const rebaseCommand = defineCommand<ChainRebaseOptions>({
  usage: 'rebase <image>',
  does: 'put the image over another parent, its disk unchanged: what differs is written',
  grammar: (command) =>
    addOperationOptions(
      command
        .requiredOption('--parent <file>', 'the image that it is to stand on')
        .option('--parent-format <format>', 'take the parent for this format instead of detecting it'),
    ),
  async run({ args: [image = ''], options, context }) {
    const { chainRebase } = await import('./chain-change.ts')
    return await withThreads(context, [image], async (run) => chainRebase(image, options, run))
  },
})

const repointCommand = defineCommand<ChainRepointOptions>({
  usage: 'repoint <image>',
  does: "change only the name of the image's parent, which is proven to hold the old parent's disk",
  grammar: (command) =>
    addOperationOptions(
      command
        .requiredOption('--parent <file>', 'the image that it is to name')
        .option('--parent-format <format>', 'take the parent for this format instead of detecting it')
        .addOption(
          new Option(
            '--with <program>',
            'who writes it; hyper-v writes into a copy, which takes the place of the original',
          ).choices(['varve', 'hyper-v']),
        ),
    ),
  async run({ args: [image = ''], options, context }) {
    const { chainRepoint } = await import('./chain-repoint.ts')
    return await withThreads(context, [image], async (run) => chainRepoint(image, options, run))
  },
})

const showCommand = defineCommand<{ folder: readonly string[] } & ReadOptions>({
  usage: 'show <image>',
  does: 'the tree of parents and children, with sizes and formats, and who depends on it',
  grammar: (command) =>
    addReadOptions(
      command.option(
        '--folder <folder>',
        'look for children in this folder too; may be repeated',
        collect,
        [],
      ),
    ),
  async run({ args: [image = ''], options: { folder: folders, ...options }, context }) {
    const { chainShow, chainShowByPlan } = await import('./chain-show.ts')
    if (isReadByPlan(options)) return await chainShowByPlan(image, { ...options, folders }, context)
    return await chainShow(image, { folders }, context)
  },
})

export const chainCommand = defineCommand({
  usage: 'chain',
  group: 'L2',
  does: 'what an image is made over, and what is made over it',
  commands: [commitCommand, flattenCommand, rebaseCommand, repointCommand, showCommand],
})
