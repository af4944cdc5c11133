import type { VolumeAddress } from '@varve/core/image/volume-address'
import type { VolumeHolder } from '@varve/core/layers/volume-holder'
import { volumeAddress } from '@varve/core/image/volume-address'
import type { PlacesView } from '@varve/protocol/places'

/** Of what nothing is given back, or does not tell. */
const anyUnit = 64 * 1024

/** What gives the volume its blocks; null: the host has no volume of that name. */
export function holderOf(volume: VolumeAddress, { groups, zpools }: PlacesView): VolumeHolder | null {
  const address = volumeAddress(volume)
  for (const { pools, volumes } of groups) {
    const found = volumes.find((one) => one.address === address)
    if (!found) continue
    const pool = pools.find(({ name }) => name === found.pool)
    return found.kind === 'thin' && pool
      ? { kind: 'thin', unit: unitOf(pool.chunkSize), held: found.used }
      : { kind: 'fixed', unit: anyUnit, held: found.size }
  }
  for (const { volumes } of zpools) {
    const found = volumes.find((one) => one.address === address)
    if (found) return { kind: 'zfs', unit: unitOf(found.blockSize), held: found.referenced ?? null }
  }
  return null
}

const unitOf = (told: number) => (told >= 512 ? told : anyUnit)
