import { placeCommand } from '../../tools/sfdisk/commands.ts'
import { toolSteps } from '../tool-steps.ts'

export const placePartition = toolSteps('place-partition', {
  build: ({ disk, partition, length, to }) => [placeCommand({ disk, partition, size: length, start: to })],
  about: ({ name }) => name,
  outcome: ({ to }) => ({ start: to }),
})
