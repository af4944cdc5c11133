import { resizeCommand } from '../../tools/sfdisk/commands.ts'
import { tableSteps } from '../table-steps.ts'

export const resizePartition = tableSteps('resize-partition', {
  build: ({ disk, partition, start, end }) => resizeCommand({ disk, partition, size: end - start }),
  resized: ({ partition: index, start, end }) => ({ index, start, end }),
  outcome: ({ start, end }) => ({ size: end - start }),
})
