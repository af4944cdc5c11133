import { volumeAddress, type VolumeAddress } from '@varve/core/image/volume-address'
import type { Problem } from '@varve/core/problems/problem'
import { refused } from './host-problems.ts'

/** What does not go with the kind of volume. */
export function choiceProblems(
  volume: VolumeAddress,
  { pool, sparse }: { readonly pool: string | null; readonly sparse: boolean },
): Problem[] {
  const file = volumeAddress(volume)
  if (volume.kind === 'lvm' && sparse)
    return [refused(file, 'volumes of LVM are thin in a pool, or not', 'Name the pool: --thin-pool NAME.')]
  if (volume.kind === 'zfs' && pool !== null)
    return [refused(file, 'ZFS has no thin pools', 'A volume for which nothing is kept back: --sparse.')]
  return []
}
