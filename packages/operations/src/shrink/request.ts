import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { PartitionNumber, VolumeName } from '../actions/attached-device.ts'

/** Makes the disk of an image smaller, from its filesystem down to its file. */
export const ShrinkRequest = z.lazy(() =>
  z.object({
    image: Path,
    /** Bytes that the disk is to have; null: as few as its filesystem allows, with slack. */
    to: Bytes.nullable(),
    /** As the partition table numbers it; `none`: only what lies behind the last one goes. Null: the last one. */
    partition: z
      .union([PartitionNumber, z.literal('none')])
      .nullable()
      .default(null),
    /** The logical volume that becomes smaller; null: the one that can. */
    volume: VolumeName.nullable().default(null),
    /** What becomes smaller is in LUKS, and is opened with what standard input gives. */
    isLuks: z.boolean().default(false),
    /** What becomes smaller is made anew, and its files are copied into it. */
    byFiles: z.boolean().default(false),
    /** The contents of all files are compared before and after, not those of a sample. */
    allContents: z.boolean().default(false),
  }),
)
export type ShrinkRequest = z.infer<typeof ShrinkRequest>
