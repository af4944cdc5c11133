import { Option, type Command } from 'commander'
import { defineCommand } from '../grammar/command-definition.ts'
import { addReadOptions, addOperationOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import { isReadByPlan, type ReadOptions } from '../operations/wish.ts'
import type { SnapshotCreateOptions } from './snapshot.ts'

const externalOption = (does: string) => (command: Command) =>
  addOperationOptions(command).option('--external', does)

const applyCommand = defineCommand<SnapshotCreateOptions>({
  usage: 'apply <image> <name>',
  does: 'go back to a snapshot; the present state is kept',
  grammar: externalOption('says how: an overlay is not applied, the image below it is used again'),
  async run({ args: [image = '', name], options, context }) {
    const { snapshotChange } = await import('./snapshot.ts')
    return await withThreads(context, [], async (run) =>
      snapshotChange('apply', { image, name }, options, run),
    )
  },
})

const createCommand = defineCommand<SnapshotCreateOptions>({
  usage: 'create <image> [name]',
  does: 'keep the present state: inside a qcow2, of a raw image as a file that shares its blocks, or under an overlay',
  grammar: (command) =>
    externalOption('make an overlay of that name, which machines must use from then on')(command).addOption(
      new Option(
        '--checkpoint <kind>',
        "of a disk of a machine of Hyper-V: the kind of its checkpoint, where that is not the machine's own",
      ).choices(['production', 'standard']),
    ),
  async run({ args: [image = '', name], options, context }) {
    const { snapshotCreate } = await import('./snapshot.ts')
    return await withThreads(context, [], async (run) => snapshotCreate({ image, name }, options, run))
  },
})

const deleteCommand = defineCommand<SnapshotCreateOptions>({
  usage: 'delete <image> <name>',
  does: 'remove a snapshot, by its name or id; one inside an image is gone for good',
  grammar: externalOption('says how: an overlay is merged by chain commit or chain flatten'),
  async run({ args: [image = '', name], options, context }) {
    const { snapshotChange } = await import('./snapshot.ts')
    return await withThreads(context, [], async (run) =>
      snapshotChange('delete', { image, name }, options, run),
    )
  },
})

const listCommand = defineCommand<ReadOptions>({
  usage: 'list <image>',
  does: 'the snapshots of an image',
  grammar: addReadOptions,
  async run({ args: [image = ''], options, context }) {
    const { snapshotList, snapshotListByPlan } = await import('./snapshot.ts')
    if (isReadByPlan(options)) return await snapshotListByPlan(image, options, context)
    return await snapshotList(image, context)
  },
})

export const snapshotCommand = defineCommand({
  usage: 'snapshot',
  group: 'L2',
  does: 'states that an image keeps: list, create, apply, delete',
  commands: [applyCommand, createCommand, deleteCommand, listCommand],
})
