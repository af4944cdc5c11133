import { isVolumeAddress } from '@varve/core/image/volume-address'
import { defineCommand } from '../grammar/command-definition.ts'
import { addCopyOptions, addReadingOptions, addVolumeOptions, addTlsOption } from '../grammar/options.ts'
import { withThreads } from '../grammar/with-threads.ts'
import type { OperateOptions } from '../operations/operate.ts'
import type { CloneOptions } from './clone.ts'
import { assertNoVolumeChoices, type VolumeOptions } from './volume-options.ts'

export const cloneCommand = defineCommand<
  Omit<CloneOptions, 'source' | 'target'> & VolumeOptions & OperateOptions
>({
  usage: 'clone <source> <target>',
  group: 'L2',
  does: 'make an image of the same disk and format with an identity of its own; SOURCE is only read',
  grammar: (command) => addVolumeOptions(addTlsOption(addReadingOptions(addCopyOptions(command)))),
  async run({ args: [source = '', target = ''], options, context }) {
    return await withThreads(context, [source], async (running) => {
      if (isVolumeAddress(target)) {
        const { writeVolume } = await import('./write-volume.ts')
        return await writeVolume({ ...options, sources: [source], target }, running)
      }
      assertNoVolumeChoices(options)
      const { clone } = await import('./clone.ts')
      return await clone({ ...options, source, target }, running)
    })
  },
})
