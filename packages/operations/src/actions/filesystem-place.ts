import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { OpenedDevice, PartitionNumber } from './attached-device.ts'

/** By the names that the scan of guests gives. */
export const resizedTypes = ['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'ntfs', 'swap'] as const
export const ResizedType = z.enum(resizedTypes)
export type ResizedType = z.infer<typeof ResizedType>

/** Filesystems that Varve makes like another one. */
export const madeTypes = ['ext2', 'ext3', 'ext4', 'xfs'] as const
export const MadeType = z.enum(madeTypes)
export type MadeType = z.infer<typeof MadeType>

/** The same, or `filesystem`: as it is found when what it lies in is open. */
export const MadeAs = z.union([MadeType, z.literal('filesystem')])

/** A filesystem of a work image that is attached. */
export const FilesystemPlace = z.lazy(() =>
  z.object({
    /** The image that people know: what messages are about. */
    image: Path,
    device: OpenedDevice,
    /** Null: the filesystem is the whole device. */
    partition: PartitionNumber.nullable(),
    /** `filesystem`: as it is found when what it lies in is open. */
    type: z.union([ResizedType, z.literal('filesystem')]),
  }),
)
export type FilesystemPlace = z.infer<typeof FilesystemPlace>
