import { z } from 'zod'

/** Keeps the present state of a volume, by what the volume is of. */
export const SnapshotVolumeRequest = z.lazy(() =>
  z.object({
    /** `lvm:VG/LV`, `zfs:POOL/VOLUME`. */
    volume: z.string().min(1).max(600),
    name: z.string(),
  }),
)
export type SnapshotVolumeRequest = z.infer<typeof SnapshotVolumeRequest>
