import { volumeAddress } from '@varve/core/image/volume-address'
import { Bytes, Digest } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { StagedVolume } from './volume-name.ts'

/** Has a new thick volume read as zeros: its extents hold what an earlier volume left in them. */
export const clearVolume = defineAction({
  name: 'clear-volume',
  layer: 'L1',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => StagedVolume.extend({ virtualSize: Bytes })),
  outcome: z.lazy(() => z.object({ digest: Digest })),
  words: ({ volume }) => ({
    title: 'Clear the volume',
    does: `Writes zeros over the whole of what is to become ${volumeAddress(volume)}: its extents hold what was there before.`,
  }),
  told: () => 'all zeros',
  undo: () => [],
})
