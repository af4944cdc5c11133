import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'

/** Ends a distribution of WSL and waits until its disk is nobody's; done already, it succeeds. */
export const stopDistribution = defineAction({
  name: 'stop-distribution',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      /** Its disk. Absolute. */
      image: Path,
      distribution: z.string().min(1),
    }),
  ),
  outcome: z.lazy(() => z.object({})),
  words: ({ image, distribution }) => ({
    title: `End ${distribution}`,
    does: `Ends ${distribution} and waits until WSL lets go of ${baseName(image)}; other distributions go on.`,
  }),
  told: () => 'its disk is free',
  undo: () => [],
})
