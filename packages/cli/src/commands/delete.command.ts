import { isVolumeAddress } from '@varve/core/image/volume-address'
import { defineCommand } from '../grammar/command-definition.ts'
import { addOperationOptions } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { OperateOptions } from '../operations/operate.ts'

export const deleteCommand = defineCommand<OperateOptions>({
  usage: 'delete <image>',
  group: 'L1',
  does: 'put an image with all its files into the quarantine of its folder; prints the id that restores it; a volume (lvm:VG/LV) is removed for good',
  grammar: addOperationOptions,
  async run({ args: [image = ''], options, context }) {
    return await withThreads(context, [], async (running) => {
      if (isVolumeAddress(image)) {
        const { deleteVolume } = await import('./delete-volume.ts')
        return await deleteVolume(image, options, running)
      }
      const { deleteImage } = await import('./delete.ts')
      return await deleteImage(image, options, running)
    })
  },
})
