import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { sizeWords } from './later-size.ts'
import { PhysicalPlace, physicalOf } from './physical-place.ts'

/** Takes extents from the end of a logical volume, and has its whole group lie in the beginning of its physical volume. */
export const shrinkVolume = defineAction({
  name: 'shrink-volume',
  layer: 'L5',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    PhysicalPlace.unwrap().extend({
      /** Bytes that the logical volume keeps. */
      size: Bytes,
      /** Bytes that the physical volume is to have. */
      physical: Bytes,
    }),
  ),
  outcome: z.lazy(() => z.object({ size: Bytes, moved: Bytes })),
  words: ({ volume: { group, name }, size, ...place }) => ({
    title: 'Shrink the volume',
    does: `Reads that the filesystem in ${group}/${name} ends before, and gives the volume ${sizeWords(size)}. Extents of ${group} that lie where ${physicalOf(place)} is to end are copied to free ones before; the new metadata of LVM count with one sector, which is written last.`,
  }),
  told: ({ size, moved }) => `${formatBytes(size)}${moved === 0 ? '' : `, ${formatBytes(moved)} moved`}`,
  undo: () => [],
})
