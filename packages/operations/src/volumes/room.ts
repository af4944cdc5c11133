import { DiskError } from '@varve/core/problems/disk-error'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { volumeAddress, type VolumeAddress } from '@varve/core/image/volume-address'
import type { PlacesView, ThinPool, VolumeGroup, ZfsPool } from '@varve/protocol/places'
import { bytesInWords, formatBytes } from '@varve/core/units/format-bytes'
import { refused } from './host-problems.ts'

/** What is to be made. */
export interface WantedVolume {
  readonly volume: VolumeAddress
  readonly virtualSize: number
  /** LVM: the pool that it is to be thin in. */
  readonly pool: string | null
  readonly sparse: boolean
  /** Bytes that are written at most, in whole pieces of `piece` bytes. */
  readonly dataBytes: number
}

/** How it can be made: its real size, and what of it is not to be asked again. */
export interface VolumeShape {
  readonly size: number
  /** Whether it reads as zeros where nothing was written. */
  readonly isBlank: boolean
  readonly blockSize: number | null
}

export type ShapeOrProblems = { readonly shape: VolumeShape } | { readonly problems: readonly Problem[] }

/** Of ZFS volumes that are made here; the size of the volume is a multiple of it. */
export const zfsBlock = 16 * 1024
/** Pieces in which a disk is written. */
const piece = 4 * 1024 ** 2
/** A pool that is fuller freezes all its volumes when anybody of them writes a little more. */
const fullAt = 0.95
/** Bytes of metadata for each block of a thin volume, more than thin_metadata_size(8) says. */
const metadataPerChunk = 64
const metadataAside = 64 * 1024
/** What ZFS takes beside the data itself: checksums and block pointers. */
const zfsAside = 1.05

/** The size and the room of a volume that is to be made, or why it cannot be. */
export function shapeOf(wanted: WantedVolume, places: PlacesView): ShapeOrProblems {
  const { volume } = wanted
  return volume.kind === 'lvm'
    ? lvmShape(wanted, places.groups)
    : zfsShape(wanted, places.zpools.find(({ name }) => name === volume.group) ?? null)
}

function lvmShape(wanted: WantedVolume, groups: readonly VolumeGroup[]): ShapeOrProblems {
  const { volume, virtualSize, pool: poolName } = wanted
  const file = volumeAddress(volume)
  const stop = (reason: string, remedy: string) => ({ problems: [refused(file, reason, remedy)] })
  const named = groups.filter(({ name }) => name === volume.group)
  const [group] = named
  if (!group)
    return stop(
      `there is no volume group ${JSON.stringify(volume.group)}`,
      'See which there are: varve places.',
    )
  if (named.length > 1)
    return stop(
      `${named.length} volume groups have the name ${volume.group}, and nobody could tell which one is meant`,
      'Give one of them another name: vgrename UUID NAME.',
    )
  if (group.missing > 0)
    return stop(
      `${group.missing} devices of the volume group are missing`,
      'Bring them back first; see vgs and pvs.',
    )
  if (isTaken(volume.volume, group)) return { problems: [taken(file)] }
  const size = Math.ceil(virtualSize / group.extentSize) * group.extentSize
  if (poolName === null) {
    if (size <= group.free) return { shape: { size, isBlank: false, blockSize: null } }
    return { problems: [noRoom(file, size, group.free)] }
  }
  const pool = group.pools.find(({ name }) => name === poolName)
  if (!pool)
    return stop(
      `${volume.group} has no thin pool ${JSON.stringify(poolName)}`,
      'See which there are: varve places.',
    )
  const problems = poolProblems(file, pool, { dataBytes: wanted.dataBytes, size })
  return problems.length > 0 ? { problems } : { shape: { size, isBlank: true, blockSize: null } }
}

/** Why a thin pool cannot take so much more. */
export function poolProblems(
  file: string,
  pool: ThinPool,
  {
    dataBytes,
    size,
    noted = 0,
  }: { readonly dataBytes: number; readonly size: number; readonly noted?: number },
): Problem[] {
  const { address, health, zeroesNew, chunkSize, dataUsed, metadataSize, metadataUsed } = pool
  const stop = (reason: string, remedy: string) => [refused(file, reason, remedy)]
  if (health !== null)
    return stop(
      `the thin pool ${address} is in trouble: ${health}`,
      'Mend the pool first; see lvs -o+lv_health_status.',
    )
  if (!zeroesNew)
    return stop(
      `the thin pool ${address} does not clear new blocks: parts of them would hold what others wrote`,
      `Have it clear them: lvm lvchange --zero y ${address.slice('lvm:'.length)}`,
    )
  const chunks = Math.min(
    Math.ceil(size / chunkSize),
    chunkSize <= piece ? Math.ceil(dataBytes / chunkSize) : Math.ceil(dataBytes / piece),
  )
  const data = dataUsed + chunks * chunkSize
  const inMetadata = Math.max(chunks, Math.ceil(noted / chunkSize)) * metadataPerChunk + metadataAside
  const metadata = metadataUsed + inMetadata
  const grow = 'Make the pool larger (lvextend), or give blocks back (fstrim in the guests) first.'
  if (data > pool.size * fullAt)
    return stop(
      `the thin pool ${address} would run full: ${formatBytes(chunks * chunkSize)} come to ${formatBytes(dataUsed)} of ${formatBytes(pool.size)}, and a pool that is full freezes every volume in it`,
      grow,
    )
  if (metadata > metadataSize * fullAt)
    return stop(
      `the metadata of the thin pool ${address} would run full: ${formatBytes(metadataUsed)} of ${formatBytes(metadataSize)} are used, and ${formatBytes(inMetadata)} come to them`,
      `Make its metadata larger: lvm lvextend --poolmetadatasize +SIZE ${address.slice('lvm:'.length)}`,
    )
  return []
}

function zfsShape(wanted: WantedVolume, pool: ZfsPool | null): ShapeOrProblems {
  const { volume, virtualSize, sparse, dataBytes } = wanted
  const file = volumeAddress(volume)
  const stop = (reason: string, remedy: string) => ({ problems: [refused(file, reason, remedy)] })
  if (!pool)
    return stop(
      `there is no imported ZFS pool ${JSON.stringify(volume.group)}`,
      'See which there are: varve places. One that is not imported is found by zpool import.',
    )
  if (pool.readOnly || !['ONLINE', 'DEGRADED'].includes(pool.health))
    return stop(
      `the pool is ${pool.readOnly ? 'imported read-only' : pool.health}`,
      'Mend it first; see zpool status.',
    )
  const name = `${volume.group}/${volume.volume}`
  const parent = pool.datasets.find((one) => one.name === name.slice(0, name.lastIndexOf('/')))
  if (!parent)
    return stop(
      'there is no filesystem of ZFS for it to lie in',
      `Make it first: zfs create ${name.slice(0, name.lastIndexOf('/'))}`,
    )
  if ([...pool.datasets, ...pool.volumes].some((one) => one.name === name)) return { problems: [taken(file)] }
  const size = Math.ceil(virtualSize / zfsBlock) * zfsBlock
  const needed = Math.ceil((sparse ? dataBytes : size) * zfsAside)
  if (needed > parent.free) return { problems: [noRoom(file, needed, parent.free)] }
  return { shape: { size, isBlank: true, blockSize: zfsBlock } }
}

function isTaken(volume: string, { volumes, pools }: VolumeGroup): boolean {
  return [...volumes, ...pools].some(({ name }) => name === volume)
}

function taken(file: string): Problem {
  return {
    ...problemFromError(new DiskError('target-exists', { file })),
    message: `L1 ${JSON.stringify(file)}: there is a volume of that name already`,
    remedy: 'Choose another name, or remove that volume first.',
  }
}

/** That it would take more room than there is. */
export function noRoom(file: string, wanted: number, available: number): Problem {
  return {
    ...problemFromError(new DiskError('no-space', { file, wanted, available })),
    remedy: `Free room there, or choose another place: ${bytesInWords(wanted)} are needed.`,
  }
}
