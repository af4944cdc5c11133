import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { PartitionNumber, VolumeName } from '../actions/attached-device.ts'
import { AttachRequest } from '../attach/request.ts'

/** Mounts a filesystem of an image at a folder. */
export const MountRequest = z.lazy(() =>
  AttachRequest.unwrap().extend({
    /** As the partition table numbers it; null: the one filesystem that is there. */
    partition: PartitionNumber.nullable().default(null),
    /** The logical volume that is meant. */
    volume: VolumeName.nullable().default(null),
    /** The partition, or the one volume that is there, is LUKS, and is opened with what standard input gives. */
    isLuks: z.boolean().default(false),
    /** Absolute. */
    folder: Path,
  }),
)
export type MountRequest = z.infer<typeof MountRequest>
