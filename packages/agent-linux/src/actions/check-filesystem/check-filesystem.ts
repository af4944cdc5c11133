import { DiskError } from '@varve/core/problems/disk-error'
import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { checkCommand } from '../../tools/filesystems/check-commands.ts'
import { toolSteps } from '../tool-steps.ts'

export const checkFilesystem = toolSteps('check-filesystem', {
  build(input) {
    const { type, image } = input
    if (type === 'swap' || type === 'filesystem')
      throw new DiskError('invalid-request', { file: image, reason: `${type} is not checked` })
    return [checkCommand({ type, image, device: deviceOf(input) })]
  },
  later: ({ type }) => (type === 'filesystem' ? 'the check of the filesystem that is found' : null),
  about: ({ image }) => image,
  worksOn: (input) => ({ device: deviceOf(input) }),
  outcome: (input) => ({ device: deviceOf(input) }),
})
