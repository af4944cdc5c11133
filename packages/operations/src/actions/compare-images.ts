import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { InUse } from './digest-image.ts'
import { ImageAddress } from './image-address.ts'
import { baseName } from './path-words.ts'

/** Reads two disks and says whether they are the same, byte by byte and in size. */
export const compareImages = defineAction({
  name: 'compare-images',
  layer: 'L3',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  input: z.object({ a: ImageAddress, b: ImageAddress, inUse: InUse }),
  outcome: z.object({
    identical: z.boolean(),
    virtualSizes: z.tuple([Bytes, Bytes]),
    /** First byte that differs; where they differ in size only, the end of the shorter. */
    firstDifference: Bytes.nullable(),
    /** What the longer one holds behind the end of the shorter. */
    tail: z.enum(['zeros', 'data']).nullable(),
  }),
  words: ({ a, b }) => ({
    title: 'Compare the disks',
    does: `Reads the disks of ${baseName(a.path)} and ${baseName(b.path)} with their chains, and changes nothing.`,
  }),
  told: ({ identical, firstDifference }) =>
    identical ? 'identical' : `different, first at byte ${firstDifference ?? 0}`,
  undo: () => [],
})
