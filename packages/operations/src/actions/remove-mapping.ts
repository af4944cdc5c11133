import { z } from 'zod'
import { defineAction } from './action.ts'
import { MappedDevice } from './attached-device.ts'
import { StagingId } from './new-image.ts'

/** Takes a mapping of that attachment away; done already, it succeeds. */
export const removeMapping = defineAction({
  name: 'remove-mapping',
  layer: 'L5',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() => z.object({ attachment: StagingId, mapped: MappedDevice })),
  outcome: z.lazy(() => z.object({ mapped: MappedDevice })),
  words: ({ mapped }) => ({ title: 'Remove the mapping', does: `Takes ${mapped} away.` }),
  told: ({ mapped }) => `${mapped} is gone`,
  undo: () => [],
})
