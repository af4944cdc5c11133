import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { resizeCommands } from '../../tools/filesystems/resize-commands.ts'
import { toolSteps } from '../tool-steps.ts'

export const resizeFilesystem = toolSteps('resize-filesystem', {
  build: (input) => resizeCommands({ ...input, at: deviceOf(input) }),
  later: ({ type }) => (type === 'filesystem' ? 'the tools of the filesystem that is found' : null),
  about: ({ image }) => image,
  worksOn: (input) => ({ device: deviceOf(input) }),
  outcome: (input) => ({ device: deviceOf(input) }),
})
