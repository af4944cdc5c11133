import { z } from 'zod'

/** Takes a volume back to one of its snapshots; its present state is kept. */
export const ApplyVolumeSnapshotRequest = z.lazy(() =>
  z.object({
    /** `lvm:VG/LV`, `zfs:POOL/VOLUME`. */
    volume: z.string().min(1).max(600),
    name: z.string(),
  }),
)
export type ApplyVolumeSnapshotRequest = z.infer<typeof ApplyVolumeSnapshotRequest>
