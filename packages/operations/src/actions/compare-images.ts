import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { InUse } from './digest-image.ts'
import { ImageAddress } from './image-address.ts'
import { baseName } from './path-words.ts'
import { ChangedLayer, Range } from './verify-image.ts'

/** Reads two disks and says whether they are the same, byte by byte and in size. */
export const compareImages = defineAction({
  name: 'compare-images',
  layer: 'L3',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      a: ImageAddress,
      b: ImageAddress,
      inUse: InUse,
      /** Also where, to the chunk, and in which layers of the first one; both are read whole. */
      layers: z.boolean().default(false),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      identical: z.boolean(),
      virtualSizes: z.tuple([Bytes, Bytes]),
      /** First byte that differs; where they differ in size only, the end of the shorter. */
      firstDifference: Bytes.nullable(),
      /** What the longer one holds behind the end of the shorter. */
      tail: z.enum(['zeros', 'data']).nullable(),
      /** What differs, where that was asked for. */
      differing: z
        .object({ chunks: z.number().int(), ranges: z.array(Range), places: z.array(ChangedLayer) })
        .nullable()
        .default(null),
    }),
  ),
  words: ({ a, b }) => ({
    title: 'Compare the disks',
    does: `Reads the disks of ${baseName(a.path)} and ${baseName(b.path)} with their chains, and changes nothing.`,
  }),
  told: ({ identical, firstDifference }) =>
    identical ? 'identical' : `different, first at byte ${firstDifference ?? 0}`,
  undo: () => [],
})
