import { volumeAddress } from '@varve/core/image/volume-address'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { StagedVolume } from './volume-name.ts'

/** Removes the volume that a run made and that has no name yet, and no other. Done already, it succeeds. */
export const discardVolume = defineAction({
  name: 'discard-volume',
  layer: 'L1',
  lane: 'short',
  attempts: 3,
  isFinal: false,
  input: StagedVolume,
  outcome: z.lazy(() => z.object({})),
  words: ({ volume }) => ({
    title: 'Remove the unfinished volume',
    does: `Removes the volume that was made to become ${volumeAddress(volume)}, known by its own name and mark.`,
  }),
  told: () => 'gone',
  undo: () => [],
})
