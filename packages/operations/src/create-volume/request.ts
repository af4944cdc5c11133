import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'

/** How a volume is made, whatever it is to hold. */
export const VolumeChoices = z.lazy(() =>
  z.object({
    /** LVM: the thin pool of its group; null: it is thick. */
    pool: z.string().min(1).max(128).nullable().default(null),
    /** ZFS: nothing is kept back for it. */
    sparse: z.boolean().default(false),
  }),
)

export const CreateVolumeRequest = z.lazy(() =>
  VolumeChoices.unwrap().extend({
    /** `lvm:VG/LV`, `zfs:POOL/VOLUME`. */
    target: z.string().min(1).max(600),
    size: Bytes.min(512),
  }),
)
export type CreateVolumeRequest = z.infer<typeof CreateVolumeRequest>
