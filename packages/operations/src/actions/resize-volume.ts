import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { MappedPiece } from './attached-device.ts'
import { PhysicalPlace, physicalOf } from './physical-place.ts'

/** Gives a physical volume all of its device and a logical volume all that is free in its group then, in LVM's metadata alone. */
export const resizeVolume = defineAction({
  name: 'resize-volume',
  layer: 'L5',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: PhysicalPlace,
  outcome: z.lazy(() =>
    z.object({
      size: Bytes,
      /** Where the logical volume lies then. */
      pieces: z.array(MappedPiece),
    }),
  ),
  words: ({ volume: { group, name }, ...place }) => ({
    title: 'Resize the volume',
    does: `Gives the physical volume ${physicalOf(place)} all of its device, and the logical volume ${group}/${name} all that is free then. LVM sees that device alone and asks nothing of the kernel: volume groups of this host are not looked at, whatever they are called.`,
  }),
  told: ({ size }) => formatBytes(size),
  undo: () => [],
})
