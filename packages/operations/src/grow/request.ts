import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { PartitionNumber, VolumeName } from '../actions/attached-device.ts'

/** Makes the disk of an image larger, with what is in it. */
export const GrowRequest = z.lazy(() =>
  z.object({
    image: Path,
    /** Bytes that the disk is to have, or, with `isAdded`, that it is to get besides. */
    size: Bytes,
    isAdded: z.boolean().default(false),
    /** The partition that gets the room; `none`: nothing in the disk is changed but the place of the GPT; null: the one that has room. */
    partition: z
      .union([PartitionNumber, z.literal('none')])
      .nullable()
      .default(null),
    /** The partitions behind it are moved to the end of the disk. */
    isMoving: z.boolean().default(false),
    /** Its MBR becomes a GPT. */
    toGpt: z.boolean().default(false),
    /** The logical volume that gets the room; null: the one that is there. */
    volume: VolumeName.nullable().default(null),
    /** What gets the room is LUKS, and is opened with what standard input gives. */
    isLuks: z.boolean().default(false),
    /** The contents of all files are compared before and after, not of a sample. */
    allContents: z.boolean().default(false),
  }),
)
export type GrowRequest = z.infer<typeof GrowRequest>
