import { volumeAddress } from '@varve/core/image/volume-address'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { ReplacedVolume } from './replaced-volume.ts'

/** Gives an original volume its name again, as long as nobody has written to what had taken its place. Not replaced at all, or done already, it succeeds. */
export const restoreVolume = defineAction({
  name: 'restore-volume',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: ReplacedVolume,
  outcome: z.lazy(() => z.object({})),
  words: ({ volume, kept }) => ({
    title: 'Put the original back',
    does: `Sees that ${volumeAddress(volume)} still holds what it got and is not used, takes its name away, and renames ${volumeAddress(kept)} to it.`,
  }),
  told: () => 'the original has its name again',
  undo: () => [],
})
