import { placeCommand } from '../../tools/sfdisk/commands.ts'
import { tableSteps } from '../table-steps.ts'

export const placePartition = tableSteps('place-partition', {
  build: ({ disk, partition, length, to }) => placeCommand({ disk, partition, size: length, start: to }),
  resized: ({ partition: index, from, to, length }) => ({ index, from, start: to, end: to + length }),
  outcome: ({ to }) => ({ start: to }),
})
