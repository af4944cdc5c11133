import { z } from 'zod'
import { defineAction } from './action.ts'
import { StagingId } from './new-image.ts'

/** Ends the process that serves an attachment; one that has ended already is no error. */
export const endServing = defineAction({
  name: 'end-serving',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() => z.object({ attachment: StagingId })),
  outcome: z.lazy(() => z.object({ wasServed: z.boolean() })),
  words: () => ({
    title: 'Serve it no more',
    does: 'Ends the process that serves the device; what was written to be thrown away goes with it.',
  }),
  told: ({ wasServed }) => (wasServed ? 'ended' : 'it had ended already'),
  undo: () => [],
})
