import { z } from 'zod'
import { defineAction } from './action.ts'
import { StagingId } from './new-image.ts'

/** Ends the serving of an image; one that has ended by itself is no error. */
export const stopServing = defineAction({
  name: 'stop-serving',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => z.object({ serving: StagingId })),
  outcome: z.lazy(() => z.object({ wasServed: z.boolean() })),
  words: () => ({ title: 'Serve it no more', does: 'Closes the port and drops whoever reads from it.' }),
  told: ({ wasServed }) => (wasServed ? 'closed' : 'it had ended already'),
  undo: () => [],
})
