import { volumeAddress } from '@varve/core/image/volume-address'
import { Bytes, Digest } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { StagedVolume } from './volume-name.ts'

/** Takes its name from a volume that a run made, as long as it holds what the run wrote; then its making can be undone. */
export const hideVolume = defineAction({
  name: 'hide-volume',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => StagedVolume.extend({ virtualSize: Bytes, holds: Digest })),
  outcome: z.lazy(() => z.object({})),
  words: ({ volume }) => ({
    title: 'Take its name away',
    does: `Reads ${volumeAddress(volume)} and, when it still holds what was written and nobody uses it, gives it the name back that it had before.`,
  }),
  told: () => 'it has no name any more',
  undo: () => [],
})
