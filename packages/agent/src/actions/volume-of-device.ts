import { realpath, stat } from 'node:fs/promises'
import { parseVolumeAddress, volumeDevice, type VolumeAddress } from '@varve/core/image/volume-address'
import type { VolumeHolder } from '@varve/core/layers/volume-holder'
import { isDiskError } from '@varve/core/problems/disk-error'
import { holderOf } from '@varve/operations/volumes/holder'
import type { PlacesView } from '@varve/protocol/places'
import type { ActionPorts } from './adapter.ts'
import { placesOf } from './places-of.ts'

/** Whether the path leads to a block device. */
export async function isBlockDevice(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isBlockDevice() === true
}

/** The volume that has the block device, whatever links lead to it; null: none of this host. */
export async function volumeOfDevice(
  device: string,
  places: PlacesView | null,
): Promise<VolumeAddress | null> {
  const real = await realpath(device)
  const addresses = [
    ...(places?.groups ?? []).flatMap(({ volumes }) => volumes.map(({ address }) => address)),
    ...(places?.zpools ?? []).flatMap(({ volumes }) => volumes.map(({ address }) => address)),
  ]
  for (const text of addresses) {
    const address = parseVolumeAddress(text)
    if (address === null) continue
    const own = await realpath(volumeDevice(address)).catch(() => null)
    if (own === real) return address
  }
  return null
}

/** What gives a block device its blocks; null: it is a file, or its host does not tell. */
export async function holderOfDevice(
  path: string,
  ports: Pick<ActionPorts, 'roots' | 'tools' | 'readPlaces'>,
  signal: AbortSignal,
): Promise<VolumeHolder | null> {
  if (ports.roots !== null || !(await isBlockDevice(path))) return null
  const places = await placesOf(ports, { folders: [], signal }).catch((error: unknown) => {
    if (!isDiskError(error) || error.code === 'canceled') throw error
    return null
  })
  if (places === null || places.unread.some(({ what }) => ['lvm', 'zpool'].includes(what))) return null
  const volume = await volumeOfDevice(path, places)
  return volume === null ? { kind: 'fixed', unit: 64 * 1024, held: null } : holderOf(volume, places)
}
