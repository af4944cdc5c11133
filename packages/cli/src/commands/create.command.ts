import { isVolumeAddress } from '@varve/core/image/volume-address'
import { targetProfileNames } from '@varve/core/rules/target-profiles'
import { Option } from 'commander'
import { defineCommand } from '../grammar/command-definition.ts'
import { addOperationOptions, addVolumeOptions, collect } from '../grammar/options.ts'
import { sizeOption } from '../grammar/size.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { OperateOptions } from '../operations/operate.ts'
import type { CreateOptions } from './create.ts'
import { assertNoVolumeChoices, type VolumeOptions } from './volume-options.ts'

export const createCommand = defineCommand<CreateOptions & VolumeOptions & OperateOptions>({
  usage: 'create <file>',
  group: 'L2',
  does: 'make a new image: a blank disk, or an overlay of a parent',
  grammar: (command) =>
    addVolumeOptions(addOperationOptions(command))
      .addOption(sizeOption('--size <size>', 'size of the disk, such as 40G; of an overlay: as its parent'))
      .option('-O, --output-format <format>', 'format of the image; default: by its extension or the profile')
      .option('--subformat <kind>', 'kind of the format, such as dynamic or fixed')
      .option(
        '--option <name=value>',
        'choice of the format, such as extended_l2=on or preallocation=full; may be repeated',
        collect,
        [],
      )
      .option('--backing <parent>', 'make it an overlay of this image (qcow2, vmdk, vhd, vhdx, vdi)')
      .option('--backing-format <format>', 'take the parent for this format instead of detecting it')
      .option('--no-cow', 'have Btrfs write the file in place (the attribute C)')
      .addOption(
        new Option('--profile <name>', 'what the disk is for: sets and checks its kind and size').choices(
          targetProfileNames,
        ),
      ),
  async run({ args: [file = ''], options, context }) {
    return await withThreads(context, [], async (running) => {
      if (isVolumeAddress(file)) {
        const { createVolume } = await import('./create-volume.ts')
        return await createVolume(file, options, running)
      }
      assertNoVolumeChoices(options)
      const { create } = await import('./create.ts')
      return await create(file, options, running)
    })
  },
})
