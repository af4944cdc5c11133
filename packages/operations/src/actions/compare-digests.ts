import { Digest } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'

/** Proves that source, stream and new image are the same disk: all three digests are equal. */
export const compareDigests = defineAction({
  name: 'compare-digests',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      sourceName: z.string(),
      targetName: z.string(),
      /** That its own host took. */
      source: Digest,
      /** Of what was pulled, taken on the way. */
      pulled: Digest,
      /** Of what was read back. */
      readBack: Digest,
    }),
  ),
  outcome: z.lazy(() => z.object({ digest: Digest })),
  words: () => ({
    title: 'Prove that both disks are identical',
    does: 'Compares the digests of the source, of the stream and of what was read back: all three must be equal.',
  }),
  told: ({ digest }) => `three digests are equal: ${digest.slice(0, 16)}…`,
  undo: () => [],
})
