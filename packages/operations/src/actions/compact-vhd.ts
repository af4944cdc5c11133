import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'
import { Gain } from './reclaim-survey.ts'
import { WeighedGain } from './weigh-reclaimed.ts'

/** What Windows compacts an image by. */
export const CompactBy = z.enum(['hyper-v', 'diskpart'])
export type CompactBy = z.infer<typeof CompactBy>

/** Bytes of the file, and what it takes on the host; null: the host does not tell. */
const Weight = z.object({ file: Bytes, host: Bytes.nullable() })

/** Has Windows give the file of an image back what its disk does not need, in place. */
export const compactVhd = defineAction({
  name: 'compact-vhd',
  layer: 'L2',
  lane: 'transfer',
  attempts: 1,
  isFinal: true,
  input: z.lazy(() =>
    z.object({
      /** Absolute. */
      image: Path,
      by: CompactBy,
      /** `free`: also what its filesystems call free; it is attached read-only. `zeros`: zeros only; it is not attached. */
      gives: z.enum(['free', 'zeros']),
      predicted: z.array(Gain),
    }),
  ),
  outcome: z.lazy(() => z.object({ before: Weight, after: Weight, layers: z.array(WeighedGain) })),
  words: ({ image, gives }) => ({
    title: 'Compact it in place',
    does: `Has Windows take out of ${baseName(image)} the blocks that hold ${gives === 'free' ? 'zeros, or what its filesystems call free' : 'nothing but zeros'}, and shorten the file. What Windows has done is read from the file.`,
  }),
  told: ({ before, after }) =>
    after.file < before.file
      ? `gives back ${formatBytes(before.file - after.file)}: from ${formatBytes(before.file)} to ${formatBytes(after.file)}`
      : `the file is as large as before: ${formatBytes(after.file)}`,
  undo: () => [],
})
