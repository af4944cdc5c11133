import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { PartitionDevice } from './attached-device.ts'

/** What Windows attaches an image by: the module of Hyper-V, that of Storage, or diskpart where neither is there. */
export const VhdBy = z.enum(['hyper-v', 'storage', 'diskpart'])
export type VhdBy = z.infer<typeof VhdBy>

/** An image that Windows attaches. */
export const VhdImage = z.lazy(() =>
  z.object({
    /** Absolute. */
    image: Path,
    by: VhdBy,
  }),
)

/** A disk with its partitions, as Windows shows it; drive letters are none of these names. */
export const ShownDisk = z.lazy(() =>
  z.object({
    /** Such as `\\.\PhysicalDrive3`. */
    device: z.string(),
    size: Bytes,
    readOnly: z.boolean(),
    /** Its policy for new disks keeps it offline: nothing of it is mounted until somebody brings it online. */
    isOffline: z.boolean(),
    partitions: z.array(PartitionDevice),
  }),
)
export type ShownDisk = z.infer<typeof ShownDisk>
