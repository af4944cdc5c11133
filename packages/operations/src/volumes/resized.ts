import { parseVolumeAddress, volumeAddress, type VolumeAddress } from '@varve/core/image/volume-address'
import { bytesInWords, formatBytes } from '@varve/core/units/format-bytes'
import type { LogicalVolume, PlacesView, ThinPool, VolumeGroup } from '@varve/protocol/places'
import { DiskError } from '@varve/core/problems/disk-error'
import { isBlocking, problemFromError, type Problem } from '@varve/core/problems/problem'
import type { VolumeFacts } from './facts.ts'
import { hostProblems, refused } from './host-problems.ts'
import { noRoom, poolProblems } from './room.ts'

/** What is known of a volume that another one is to take the place of, with its host. */
export interface ResizedVolume extends VolumeFacts {
  readonly address: VolumeAddress
  /** The name under which the original is to be kept. */
  readonly kept: VolumeAddress
  /** Bytes of the sectors of its device; null: the kernel has none. */
  readonly sectorSize: number | null
}

/** How a copy of it is made that can be worked on. */
export type CopyWay =
  /** LVM: a thin snapshot, which shares all blocks. */
  | { readonly kind: 'thin'; readonly pool: ThinPool }
  /** LVM: another volume, into which the disk is copied. */
  | { readonly kind: 'thick'; readonly free: number }
  /** ZFS: a clone of a snapshot. */
  | { readonly kind: 'zfs'; readonly free: number; readonly isReserved: boolean }

/** The volume as it is there. */
export interface FoundVolume {
  readonly way: CopyWay
  /** LVM only. */
  readonly uuid: string | null
  readonly size: number
  /** Bytes that it takes; null: not told. */
  readonly used: number | null
  /** Bytes that its state as it is takes, shared with others or not; null: not told. */
  readonly held: number | null
  /** Bytes of an extent or block: sizes are multiples of it. */
  readonly unit: number
  readonly isOpen: boolean
  /** Snapshots of it, by their addresses. */
  readonly snapshots: readonly string[]
}

type Found = FoundVolume | { readonly problem: Problem }

/** The volume as its host has it, or why none like it is changed. */
export function findVolumeToResize({ address, places }: ResizedVolume): Found {
  const stop = (reason: string, remedy = 'See what there is: varve places.') => ({
    problem: refused(volumeAddress(address), reason, remedy),
  })
  if (places === null) return stop('it was not seen what this host has')
  return address.kind === 'lvm' ? lvmVolume(address, places, stop) : zfsVolume(address, places, stop)
}

type Stop = (reason: string, remedy?: string) => { readonly problem: Problem }

function lvmVolume({ group: name, volume }: VolumeAddress, places: PlacesView, stop: Stop): Found {
  const groups = places.groups.filter((one) => one.name === name)
  const [group] = groups
  if (groups.length > 1)
    return stop(
      `${groups.length} volume groups have the name ${name}, and nobody could tell which one is meant`,
      'Give one of them another name: vgrename UUID NAME.',
    )
  const found = group?.volumes.find((one) => one.name === volume)
  if (!group || !found) return stop('there is no logical volume of that name')
  if (group.missing > 0)
    return stop(
      `${group.missing} devices of the volume group are missing`,
      'Bring them back first; see vgs and pvs.',
    )
  if (found.health !== null)
    return stop(`the volume is in trouble: ${found.health}`, 'Mend it first; see lvs -o+lv_health_status.')
  if (found.readOnly)
    return stop(
      'it may only be read',
      `Have it written to first: lvm lvchange --permission rw ${name}/${volume}`,
    )
  const way = wayOf(group, found)
  if (way === null) return stop(...notCopied(found))
  const snapshots = group.volumes.filter(({ origin }) => origin === volume)
  if (way.kind === 'thick' && snapshots.length > 0)
    return stop(
      `it has snapshots with room of their own (${snapshots.map(({ address }) => address).join(', ')}), which would go on standing on the original`,
      'Remove those first (varve delete), if nobody needs them.',
    )
  return {
    way,
    uuid: found.uuid,
    size: found.size,
    used: found.used,
    held: found.used,
    unit: group.extentSize,
    isOpen: found.isOpen,
    snapshots: snapshots.map(({ address }) => address),
  }
}

function wayOf({ pools, free }: VolumeGroup, { kind, pool: name }: LogicalVolume): CopyWay | null {
  if (kind === 'linear') return { kind: 'thick', free }
  const pool = pools.find((one) => one.name === name)
  return kind === 'thin' && pool ? { kind: 'thin', pool } : null
}

function notCopied({ kind, origin }: LogicalVolume): [reason: string, remedy: string] {
  if (kind === 'snapshot')
    return [
      `it is a snapshot of ${origin ?? 'another one'} with room of its own, which is lost when that is full`,
      'Copy it into a volume of its own: varve convert.',
    ]
  return [
    `it is ${kind}, and the volume in its place would not be: Varve makes linear and thin ones`,
    'Change it with the tools of LVM (lvextend, lvreduce), or copy it into a thin or linear one: varve convert.',
  ]
}

/** Whether the name is that of an original that was kept when another took its place. */
export function isKeptOf(volume: string, name: string): boolean {
  return name.startsWith(`${volume}-before-`) && /^[0-9a-f]{8}$/u.test(name.slice(`${volume}-before-`.length))
}

function zfsVolume({ group, volume }: VolumeAddress, places: PlacesView, stop: Stop): Found {
  const pool = places.zpools.find(({ name }) => name === group)
  const name = `${group}/${volume}`
  const found = pool?.volumes.find((one) => one.name === name)
  if (!pool || !found) return stop('there is no ZFS volume of that name')
  if (pool.readOnly || !['ONLINE', 'DEGRADED'].includes(pool.health))
    return stop(
      `the pool is ${pool.readOnly ? 'imported read-only' : pool.health}`,
      'Mend it first; see zpool status.',
    )
  if (found.blockSize === 0) return stop('ZFS does not tell how large its blocks are')
  const snapshots = pool.snapshots.filter((one) => one.name.startsWith(`${name}@`))
  const needed = snapshots.flatMap(({ name: snapshot, holds, clones }) => [
    ...(holds > 0 ? [`${snapshot} is held`] : []),
    ...clones.filter((clone) => !isKeptOf(name, clone)).map((clone) => `${clone} is a clone of ${snapshot}`),
  ])
  if (needed.length > 0)
    return stop(
      `its snapshots would go over to the volume in its place, and somebody counts on them: ${needed.join(', ')}`,
      'Release the holds (zfs release), or remove the clones, if nobody needs them.',
    )
  const parent = pool.datasets.find((one) => one.name === name.slice(0, name.lastIndexOf('/')))
  return {
    way: { kind: 'zfs', free: parent?.free ?? 0, isReserved: found.reserved > 0 },
    uuid: null,
    size: found.size,
    used: found.used,
    held: found.referenced ?? null,
    unit: found.blockSize,
    isOpen: false,
    snapshots: snapshots.map((one) => `zfs:${one.name}`),
  }
}

/** What ZFS takes beside the data itself: checksums and block pointers. */
const zfsAside = 1.05

interface Copying {
  /** Bytes that the new volume is made with, or gets. */
  readonly size: number
  /** Bytes that are written into it besides, where it shares the others. */
  readonly written: number
  /** Bytes of blocks that are noted anew, although nothing is written into them. */
  readonly noted?: number
}

/** Why no copy of it can be made and take its place: who uses it, room, names. */
export function copyProblems(volume: ResizedVolume, copying: Copying): Problem[] {
  const file = volumeAddress(volume.address)
  const unable = hostProblems(file, volume)
  if (unable.length > 0 || volume.places === null) return unable
  const found = findVolumeToResize(volume)
  if ('problem' in found) return [found.problem]
  const { way, isOpen } = found
  return [
    ...(isOpen ? [open(file)] : []),
    ...nameProblems(file, volume.kept),
    ...roomProblems(file, way, copying),
  ]
}

function open(file: string): Problem {
  return problemFromError(
    new DiskError('in-use', { file, by: 'somebody who has its device open', how: 'writes' }),
  )
}

function nameProblems(file: string, kept: VolumeAddress): Problem[] {
  if (parseVolumeAddress(volumeAddress(kept)) !== null) return []
  return [
    refused(
      file,
      `its name is too long: the original could not be kept as ${volumeAddress(kept)}`,
      'Give it a shorter name first (lvrename, zfs rename).',
    ),
  ]
}

function roomProblems(file: string, way: CopyWay, { size, written, noted = 0 }: Copying): Problem[] {
  if (way.kind === 'thin') return poolProblems(file, way.pool, { dataBytes: written, size, noted })
  const needed = way.kind === 'thick' ? size : Math.ceil((way.isReserved ? size : written) * zfsAside)
  return needed <= way.free ? [] : [noRoom(file, needed, way.free)]
}

/** What becomes of the original, for who reads the plan. */
export function keptRemarks(
  { address, kept }: ResizedVolume,
  { way, snapshots, size }: FoundVolume,
): Problem[] {
  const file = volumeAddress(address)
  const name = volumeAddress(kept)
  const said = (id: string, message: string, remedy: string): Problem => ({
    id,
    severity: 'info',
    layer: 'L1',
    file,
    message,
    remedy,
  })
  const room =
    way.kind === 'thick'
      ? `${formatBytes(size)} of the group`
      : 'the blocks that the two do not share any more'
  return [
    said(
      'original-kept',
      `The volume as it is now is kept as ${name}, and takes ${room} until it is removed.`,
      `Remove it when nobody needs it any more: varve delete ${name}`,
    ),
    ...(way.kind === 'thin' && snapshots.length > 0
      ? [
          said(
            'snapshots-stay',
            `Its snapshots (${snapshots.slice(0, 5).join(', ')}${snapshots.length > 5 ? ' …' : ''}) are those of ${name} then.`,
            `They are as readable as before, and can be gone back to: varve snapshot apply ${file} NAME`,
          ),
        ]
      : []),
  ]
}

/** That a clone of ZFS which gets no other size has no room of its own. */
export function sparseThen({ address }: ResizedVolume, { way }: FoundVolume): Problem[] {
  if (way.kind !== 'zfs' || !way.isReserved) return []
  const { group, volume } = address
  return [
    {
      id: 'volume-sparse',
      severity: 'warn',
      layer: 'L1',
      file: volumeAddress(address),
      message: 'The pool keeps no room back for what takes its place, as it is a clone.',
      remedy: `Have it kept back afterwards: zfs set refreservation=auto ${group}/${volume}`,
    },
  ]
}

/** That whole extents are more than what was asked for. */
export function wholeUnitsRemark(file: string, asked: number, { unit }: FoundVolume): Problem[] {
  const size = wholeUnits(asked, unit)
  if (size === asked) return []
  return [
    {
      id: 'volume-larger',
      severity: 'info',
      layer: 'L1',
      file,
      message: `The volume gets ${bytesInWords(size - asked)} more than was asked for, as it has whole ${file.startsWith('lvm:') ? 'extents' : 'blocks'} of ${formatBytes(unit)}.`,
      remedy: 'Nothing is to be done.',
      details: { size, asked },
    },
  ]
}

/** So many bytes in whole extents or blocks. */
export function wholeUnits(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit
}

/** Each finding of use once: LVM and the kernel tell of the same. */
export function usedOnce(problems: readonly Problem[]): Problem[] {
  const first = problems.findIndex((one) => one.id === 'in-use' && isBlocking(one))
  return problems.filter(({ id }, at) => id !== 'in-use' || at <= first || first === -1)
}
