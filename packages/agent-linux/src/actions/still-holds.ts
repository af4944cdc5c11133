import { volumeAddress, volumeDevice, type VolumeAddress } from '@varve/core/image/volume-address'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { proveDevice } from '@varve/engine/disks/prove-device'

interface Held {
  readonly volume: VolumeAddress
  readonly virtualSize: number
  readonly holds: string
}

/** Throws `refused` when a volume that a run has named does not hold any more what it wrote. */
export async function assertStillHolds(
  { volume, virtualSize, holds: expected }: Held,
  signal: AbortSignal,
): Promise<void> {
  const proof = { path: volumeDevice(volume), virtualSize, expected }
  await proveDevice(proof, { signal }).catch((error: unknown) => {
    if (!isDiskError(error) || error.code !== 'digest-mismatch') throw error
    throw changedSince(volume)
  })
}

/** That taking a volume away would lose what was written to it. */
export function changedSince(volume: VolumeAddress): DiskError {
  const file = volumeAddress(volume)
  return new DiskError('refused', {
    file,
    reason: 'it does not hold any more what this run wrote: somebody has changed it since',
    remedy: `Remove it by itself, if nobody needs it: varve delete ${file}`,
    layer: 'L1',
  })
}
