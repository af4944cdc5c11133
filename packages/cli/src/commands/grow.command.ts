import { defineCommand } from '../grammar/command-definition.ts'
import { grownSizeOption } from '../grammar/grown-size.ts'
import { addLuksOptions, addOperationOptions } from '../grammar/options.ts'
import { partitionOption } from '../grammar/partition.ts'
import { volumeOption } from '../grammar/volume.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { GrowOptions } from './grow.ts'

export const growCommand = defineCommand<GrowOptions>({
  usage: 'grow <image>',
  group: 'L2',
  does: 'make the disk of an image, or of a volume (lvm:VG/LV), larger, with the partition and the filesystem that get the room (Linux, root; Windows, an administrator)',
  grammar: (command) =>
    addOperationOptions(
      addLuksOptions(
        command
          .addOption(
            grownSizeOption(
              '--to <size>',
              'how large the disk is to be, such as 40G; +10G is so much more',
            ).makeOptionMandatory(),
          )
          .addOption(
            partitionOption(
              'the partition that gets the room; none: the container only. Default: the one that has room behind it',
            ),
          )
          .option(
            '--move',
            'move the partitions behind it, such as swap or recovery, to the end of the larger disk',
          )
          .option('--gpt', 'have its MBR become a GPT, which knows disks of more than 2 TiB')
          .addOption(volumeOption('the logical volume that gets the room')),
      ).option('--contents', 'compare the contents of all files before and after, not of a sample'),
    ),
  async run({ args: [image = ''], options, context }) {
    return await withThreads(context, [image], async (running) => {
      const { grow } = await import('./grow.ts')
      return await grow(image, options, running)
    })
  },
})
