import { parseVolumeAddress, volumeAddress } from '@varve/core/image/volume-address'
import { z } from 'zod'
import { StagingId } from './new-image.ts'
import { VolumeName } from './volume-name.ts'

/** A snapshot of a volume: of LVM a volume beside it, of ZFS `VOLUME@NAME`. */
export const VolumeSnapshot = z.lazy(() =>
  z
    .object({ volume: VolumeName, name: z.string().min(1).max(100), staging: StagingId })
    .refine(({ volume, name }) => isSnapshotName(volume.kind, name), 'it is no name of a snapshot'),
)
export type VolumeSnapshot = z.infer<typeof VolumeSnapshot>

/** Whether a snapshot of that kind of volume can have the name. */
export function isSnapshotName(kind: VolumeName['kind'], name: string): boolean {
  return kind === 'zfs'
    ? /^[\w.:-]{1,100}$/u.test(name) && name !== '.' && name !== '..'
    : parseVolumeAddress(volumeAddress({ kind, group: 'any', volume: name })) !== null
}

/** How the snapshot is named: of LVM as the volume that it is. */
export function snapshotAddress({ volume, name }: Pick<VolumeSnapshot, 'volume' | 'name'>): string {
  return volume.kind === 'lvm'
    ? volumeAddress({ ...volume, volume: name })
    : `${volumeAddress(volume)}@${name}`
}
