import { z } from 'zod'

export const DeleteVolumeRequest = z.lazy(() =>
  z.object({
    /** `lvm:VG/LV`, `zfs:POOL/VOLUME`. */
    volume: z.string().min(1).max(600),
    /** Only this snapshot of it. */
    snapshot: z.string().min(1).max(100).nullable().default(null),
  }),
)
export type DeleteVolumeRequest = z.infer<typeof DeleteVolumeRequest>
