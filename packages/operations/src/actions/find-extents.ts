import { countOf } from '@varve/core/units/format-bytes'
import { z } from 'zod'
import { Bytes } from '@varve/protocol/primitives'
import { defineAction } from './action.ts'
import { MappedPiece } from './attached-device.ts'
import { PhysicalPlace, physicalOf } from './physical-place.ts'

/** What extents of a group are, and how many there are. */
export const GroupExtents = z.lazy(() =>
  z.object({
    /** Bytes. */
    extentSize: Bytes,
    /** Byte of the physical volume at which the first begins. */
    dataStart: Bytes,
    /** Extents of the volume that is meant. */
    volume: z.number().int().min(0),
    /** Extents of all others of its group. */
    others: z.number().int().min(0),
  }),
)
export type GroupExtents = z.infer<typeof GroupExtents>

/** Reads where the extents of a volume group lie; ends the run where they are not to be moved. */
export const findExtents = defineAction({
  name: 'find-extents',
  layer: 'L5',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: PhysicalPlace,
  outcome: z.lazy(() => z.object({ group: GroupExtents, pieces: z.array(MappedPiece) })),
  words: ({ volume: { group, name }, ...place }) => ({
    title: 'Find its extents',
    does: `Reads the metadata of LVM on ${physicalOf(place)}: where ${group}/${name} lies, and what else the group ${group} holds. A group of several physical volumes, and volumes that are not linear, end the run.`,
  }),
  told: ({ group: { volume, others } }) =>
    `${countOf(volume, 'extent')}${others === 0 ? '' : `, and ${others} of other volumes`}`,
  undo: () => [],
})
