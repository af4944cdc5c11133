import { resizeCommand } from '../../tools/sfdisk/commands.ts'
import { toolSteps } from '../tool-steps.ts'

export const resizePartition = toolSteps('resize-partition', {
  build: ({ disk, partition, start, end }) => [resizeCommand({ disk, partition, size: end - start })],
  about: ({ name }) => name,
  worksOn: ({ disk }) => ({ file: disk }),
  outcome: ({ start, end }) => ({ size: end - start }),
})
