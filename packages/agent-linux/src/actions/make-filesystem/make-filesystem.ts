import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { makeCommands } from '../../tools/filesystems/make-commands.ts'
import { toolSteps } from '../tool-steps.ts'

export const makeFilesystem = toolSteps('make-filesystem', {
  build: (input) => makeCommands({ ...input, at: deviceOf(input) }),
  later: ({ type }) =>
    type === 'filesystem' ? 'mkfs.xfs, or mke2fs and tune2fs, as the old one was made' : null,
  about: ({ image }) => image,
  worksOn: (input) => ({ device: deviceOf(input) }),
  outcome: (input) => ({ device: deviceOf(input) }),
})
