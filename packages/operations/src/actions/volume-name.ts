import {
  parseVolumeAddress,
  stagedPrefix,
  volumeAddress,
  volumeDevice,
} from '@varve/core/image/volume-address'
import { z } from 'zod'
import { StagingId } from './new-image.ts'

/** A volume of a host: `lvm:VG/LV`, `zfs:POOL/VOLUME`. */
export const VolumeName = z.lazy(() =>
  z
    .object({ kind: z.enum(['lvm', 'zfs']), group: z.string(), volume: z.string() })
    .refine((name) => parseVolumeAddress(volumeAddress(name)) !== null, 'it is no name of a volume'),
)
export type VolumeName = z.infer<typeof VolumeName>

/** A thin pool of LVM, in the group of the volume; lvm(8), VALID NAMES. */
export const PoolName = z.string().regex(/^[\w+.][\w+.-]{0,126}$/u, 'it is no name of a pool')

/** A volume that a run makes, under a name of its own until it is proven. */
export const StagedVolume = z.object({ volume: VolumeName, staging: StagingId })
export type StagedVolume = z.infer<typeof StagedVolume>

/** What the volume is called until it has its name. */
export function stagedVolume({ volume, staging }: StagedVolume): VolumeName {
  const parent = volume.volume.slice(0, volume.volume.lastIndexOf('/') + 1)
  return { ...volume, volume: `${parent}${stagedPrefix}${staging}` }
}

export function stagedDevice(staged: StagedVolume): string {
  return volumeDevice(stagedVolume(staged))
}

/** The mark by which LVM knows what this run made. */
export function volumeTag({ staging }: Pick<StagedVolume, 'staging'>): string {
  return `varve-made-${staging}`
}
