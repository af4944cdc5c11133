import { UsageError } from '../command.ts'
import { defineCommand } from '../grammar/command-definition.ts'
import { addOperationOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { OperateOptions } from '../operations/operate.ts'
import type { ImportOptions } from './wsl.ts'

const sparseCommand = defineCommand<OperateOptions>({
  usage: 'sparse <image> <on|off>',
  does: "make the file of a distribution's disk sparse, or a plain one; WSL holds sparse ones to be unsafe",
  grammar: addOperationOptions,
  async run({ args: [image = '', state = ''], options, context }) {
    if (state !== 'on' && state !== 'off') throw new UsageError('say on or off.')
    return await withThreads(context, [], async (running) => {
      const { setSparse } = await import('./wsl.ts')
      return await setSparse({ image, isSparse: state === 'on' }, options, running)
    })
  },
})

const exportCommand = defineCommand<OperateOptions>({
  usage: 'export <image> <target>',
  does: 'have WSL write the disk of a distribution into a new VHDX, which is proven to be the same disk',
  grammar: addOperationOptions,
  async run({ args: [image = '', target = ''], options, context }) {
    return await withThreads(context, [image], async (running) => {
      const { exportDistribution } = await import('./wsl.ts')
      return await exportDistribution({ image, target }, options, running)
    })
  },
})

const importCommand = defineCommand<ImportOptions>({
  usage: 'import <image> <name>',
  does: 'have WSL make a distribution of the ext4 in a VHDX',
  grammar: (command) =>
    addOperationOptions(
      command
        .option('--into <folder>', 'where WSL copies the disk to')
        .option('--in-place', 'the file becomes the disk of the distribution itself'),
    ),
  async run({ args: [image = '', name = ''], options, context }) {
    if ((options.into === undefined) !== (options.inPlace === true))
      throw new UsageError('say --into FOLDER or --in-place.')
    return await withThreads(context, [], async (running) => {
      const { importDistribution } = await import('./wsl.ts')
      return await importDistribution({ image, name }, options, running)
    })
  },
})

export const wslCommand = defineCommand({
  usage: 'wsl',
  group: 'L2',
  does: 'what WSL does with the disks of its distributions; varve places tells them',
  commands: [exportCommand, importCommand, sparseCommand],
})
