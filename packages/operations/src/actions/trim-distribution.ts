import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'

/** Starts a distribution of WSL and has it discard what its filesystem calls free. */
export const trimDistribution = defineAction({
  name: 'trim-distribution',
  layer: 'L6',
  lane: 'transfer',
  attempts: 1,
  isFinal: true,
  input: z.lazy(() =>
    z.object({
      /** Its disk. Absolute. */
      image: Path,
      distribution: z.string().min(1),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      /** Bytes that were discarded, by its own account; null: it does not tell. */
      trimmed: Bytes.nullable(),
    }),
  ),
  words: ({ image, distribution }) => ({
    title: `Have ${distribution} trim itself`,
    does: `Starts ${distribution} and has it discard what its filesystem in ${baseName(image)} calls free, as root (fstrim).`,
  }),
  told: ({ trimmed }) => (trimmed === null ? 'trimmed' : `${formatBytes(trimmed)} discarded`),
  undo: () => [],
})
