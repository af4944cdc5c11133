import { gptCommand, verifyCommand } from '../../tools/sfdisk/commands.ts'
import { toolSteps } from '../tool-steps.ts'

export const convertTable = toolSteps('convert-table', {
  build: ({ disk, partitions }) => [gptCommand({ disk, partitions }), verifyCommand(disk)],
  about: ({ name }) => name,
  worksOn: ({ disk }) => ({ file: disk }),
  outcome: ({ partitions }) => ({ partitions: partitions.length }),
})
