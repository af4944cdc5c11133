import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, FormatName, LayerNumber, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { Staged } from './new-image.ts'
import { baseName } from './path-words.ts'
import { Gain, Holdings } from './reclaim-survey.ts'

/** What one layer was to give back, and gave. */
export const WeighedGain = z.lazy(() =>
  Gain.unwrap().omit({ bytes: true }).extend({
    layer: LayerNumber,
    predicted: Bytes.nullable(),
    actual: Bytes.nullable(),
  }),
)
export type WeighedGain = z.infer<typeof WeighedGain>

/** Weighs an image that was written anew against the one whose place it is to take; fails when it is no lighter, or its filesystems have other free blocks. */
export const weighReclaimed = defineAction({
  name: 'weigh-reclaimed',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      original: z.object({ path: Path, format: FormatName }),
      image: Staged,
      predicted: z.array(Gain),
    }),
  ),
  outcome: z.lazy(() => z.object({ before: Holdings, after: Holdings, layers: z.array(WeighedGain) })),
  words: ({ image: { target } }) => ({
    title: 'Weigh what it gives back',
    does: `Compares what ${baseName(target)} takes with what was written for it, and the free blocks that the filesystems in both name. Goes no further when nothing is won.`,
  }),
  told: ({ layers }) => {
    const host = layers.find(({ kind }) => kind === 'host')
    const told = host && host.actual !== null ? host : layers.find(({ kind }) => kind === 'container')
    if (!told || told.actual === null) return 'the same free blocks in both'
    const predicted = told.predicted === null ? '' : ` of ${formatBytes(told.predicted)} predicted`
    return `gives back ${formatBytes(told.actual)}${predicted}`
  },
  undo: () => [],
})
