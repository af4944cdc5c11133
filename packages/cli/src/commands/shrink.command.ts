import { defineCommand } from '../grammar/command-definition.ts'
import { addLuksOptions, addOperationOptions } from '../grammar/options.ts'
import { partitionOption } from '../grammar/partition.ts'
import { sizeOption } from '../grammar/size.ts'
import { volumeOption } from '../grammar/volume.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { ShrinkOptions } from './shrink.ts'

export const shrinkCommand = defineCommand<ShrinkOptions>({
  usage: 'shrink <image>',
  group: 'L2',
  does: 'make the disk of an image, or of a volume (lvm:VG/LV), smaller, its last filesystem and partition first; the original is kept (Linux, root; Windows, an administrator)',
  grammar: (command) =>
    addOperationOptions(
      addLuksOptions(
        command
          .addOption(sizeOption('--to <size>', 'bytes that the disk is to have, such as 20G'))
          .option('--min', 'as small as the filesystem allows, with slack for who starts it')
          .option(
            '--by-files',
            'a new, smaller filesystem gets the files of the old one: for XFS, which cannot become smaller (also ext2 to ext4)',
          )
          .addOption(
            partitionOption(
              'the partition that becomes smaller; none: only what is free behind the last one goes. Default: the last one',
            ),
          )
          .addOption(volumeOption('the logical volume that becomes smaller. Default: the one that can')),
      ).option('--contents', 'compare the contents of all files before and after, not those of a sample'),
    ),
  async run({ args: [image = ''], options, context }) {
    return await withThreads(context, [image], async (running) => {
      const { shrink } = await import('./shrink.ts')
      return await shrink(image, options, running)
    })
  },
})
