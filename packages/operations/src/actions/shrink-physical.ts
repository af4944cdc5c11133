import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { sizeWords } from './later-size.ts'
import { PhysicalPlace, physicalOf } from './physical-place.ts'

/** Has a physical volume of LVM end before its device does; LVM itself refuses where extents lie behind. */
export const shrinkPhysical = defineAction({
  name: 'shrink-physical',
  layer: 'L5',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    PhysicalPlace.unwrap().extend({
      /** Bytes. */
      size: Bytes,
    }),
  ),
  outcome: z.lazy(() => z.object({ size: Bytes })),
  words: ({ size, volume: { group }, ...place }) => ({
    title: 'Shrink the physical volume',
    does: `Gives the physical volume ${physicalOf(place)} of ${group} ${sizeWords(size)}. LVM sees that device alone and asks nothing of the kernel; it refuses where extents lie behind.`,
  }),
  told: ({ size }) => formatBytes(size),
  undo: () => [],
})
