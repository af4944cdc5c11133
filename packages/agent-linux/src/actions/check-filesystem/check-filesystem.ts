import { DiskError } from '@varve/core/problems/disk-error'
import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { checkCommand } from '../../tools/filesystems/check-commands.ts'
import { toolSteps } from '../tool-steps.ts'

export const checkFilesystem = toolSteps('check-filesystem', {
  build(input) {
    const { type, image } = input
    if (type === 'swap')
      throw new DiskError('invalid-request', { file: image, reason: 'swap is not checked' })
    return [checkCommand({ type, image, device: deviceOf(input) })]
  },
  about: ({ image }) => image,
  outcome: (input) => ({ device: deviceOf(input) }),
})
