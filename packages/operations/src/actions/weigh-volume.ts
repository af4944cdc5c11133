import { volumeAddress } from '@varve/core/image/volume-address'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { Gain } from './reclaim-survey.ts'
import { StagedVolume } from './volume-name.ts'
import { weighReclaimed } from './weigh-reclaimed.ts'

/** Weighs a volume that gave blocks back against the one whose place it is to take; fails when it is no lighter, or its filesystems have other free blocks. */
export const weighVolume = defineAction({
  name: 'weigh-volume',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() => StagedVolume.extend({ predicted: z.array(Gain) })),
  outcome: weighReclaimed.outcome,
  words: ({ volume }) => ({
    title: 'Weigh what it gives back',
    does: `Compares what the pool holds for ${volumeAddress(volume)} and for the copy that gave blocks back, and the free blocks that the filesystems in both name. Goes no further when nothing is won.`,
  }),
  told: (outcome) => weighReclaimed.told(outcome),
  undo: () => [],
})
