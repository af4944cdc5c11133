import { countOf } from '@varve/core/units/format-bytes'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { InUse } from './digest-image.ts'
import { ImageAddress } from './image-address.ts'
import { baseName } from './path-words.ts'

/** Ranges that one map holds; of a disk with more of them the first ones are given. */
export const mostExtents = 50_000

/** Says which ranges of the disk are data, zero or absent; reads no data. */
export const mapImage = defineAction({
  name: 'map-image',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => z.object({ image: ImageAddress, inUse: InUse })),
  outcome: z.lazy(() =>
    z.object({
      extents: z
        .array(z.object({ start: Bytes, length: Bytes, content: z.enum(['data', 'zero', 'absent']) }))
        .max(mostExtents),
      /** Where the map ends because it would have been too long; null: at the end of the disk. */
      cutAt: Bytes.nullable(),
    }),
  ),
  words: ({ image }) => ({
    title: 'Map the disk',
    does: `Reads the tables of ${baseName(image.path)} with its chain, and changes nothing.`,
  }),
  told: ({ extents }) => countOf(extents.length, 'range'),
  undo: () => [],
})
