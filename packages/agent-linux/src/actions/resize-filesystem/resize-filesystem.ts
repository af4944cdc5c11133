import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { resizeCommands } from '../../tools/filesystems/resize-commands.ts'
import { toolSteps } from '../tool-steps.ts'

export const resizeFilesystem = toolSteps('resize-filesystem', {
  build: (input) => resizeCommands({ ...input, at: deviceOf(input) }),
  about: ({ image }) => image,
  outcome: (input) => ({ device: deviceOf(input) }),
})
