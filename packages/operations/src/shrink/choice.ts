import type { FilesystemFinding, GuestContents, Partition } from '@varve/core/guest/guest-contents'
import { gptBackupLength } from '@varve/core/partitions/gpt-end'
import { whatLiesBeyond, type Beyond } from '@varve/core/guest/beyond-end'
import type { GroupExtents } from '../actions/find-extents.ts'
import type { VolumeThere } from '../attach/facts.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import type { Inside } from '../resize/inside.ts'
import { targetsOf, type ResizeTarget } from '../resize/targets.ts'
import type { ShrinkRequest } from './request.ts'
import { shrunkInside } from './inside.ts'
import { isMade } from '../resize/kinds.ts'
import type { Move } from '../resize/move-steps.ts'
import { movesForward, roomBehind } from './behind.ts'
import { leastByFiles } from './by-files-sizes.ts'
import { shrinkUnit, sizesAround, sizesFor, type ShrunkPlace, type ShrunkSizes } from './sizes.ts'

/** What a shrink does to a disk. */
export type ShrinkChoice =
  /** Nothing that is in use is moved: what is behind all partitions goes. */
  | { readonly way: 'cut'; readonly disk: number }
  | {
      readonly way: 'filesystem'
      readonly target: ResizeTarget
      readonly place: ShrunkPlace
      /** What lies between the partition and the filesystem. */
      readonly inside: Inside
      /** Bytes that the disk is to have; null: as few as the filesystem allows. */
      readonly disk: number | null
      /** Null: as few bytes as it allows. In LVM the filesystem has no more than this. */
      readonly sizes: ShrunkSizes | null
      /** What lies behind what is shrunk, or would be cut off with it. */
      readonly beyond: readonly Beyond[]
    }
  /** A new, smaller filesystem gets the files of the old one. */
  | {
      readonly way: 'files'
      readonly target: ResizeTarget
      readonly place: ShrunkPlace
      /** What lies between the partition and the filesystem. */
      readonly inside: Inside
      /** The old one; null: there is none, or it is seen only when what it lies in is open. */
      readonly filesystem: FilesystemFinding | null
      /** The group of the volume that it lies in; null: it lies in none, or that is not seen yet. */
      readonly group: GroupExtents | null
      /** Bytes that the disk is to have; null: as few as its files allow. */
      readonly disk: number | null
      /** Null: nobody can tell yet how small it may be. */
      readonly sizes: ShrunkSizes | null
      /** Those behind it that follow it. */
      readonly moves: readonly Move[]
      readonly beyond: readonly Beyond[]
    }
  /** There is nothing of that number, or nothing at all. */
  | { readonly way: 'nothing' }

/** What is to be shrunk: the partition that is said, or the last one; nothing, where all of them end before the cut. */
export function chooseShrink(facts: ResizeFacts, request: ShrinkRequest): ShrinkChoice {
  const { guest } = facts
  const { to, partition } = request
  if (guest === null) return { way: 'nothing' }
  const behind = bytesBehind(guest)
  const least = smallestCut(guest)
  if (partition === 'none') return { way: 'cut', disk: to ?? least }
  if (to !== null && to >= least) return { way: 'cut', disk: to }
  const target = shrunkTarget(guest, facts.volumes, request)
  if (!target) return { way: 'nothing' }
  const inside = shrunkInside(facts, request, target)
  if (request.byFiles) return byFilesChoice(facts, { guest, target, inside, to })
  const place = placeOf(target, behind)
  const sizes = to === null ? null : sizesFor(to, place)
  return {
    way: 'filesystem',
    target,
    place,
    inside,
    disk: to,
    sizes,
    beyond: beyondOf(guest, target, to === null ? null : to - behind),
  }
}

/** The partition that is said, or the last one, by files the last one that is copied so; undefined: there is none. */
export function shrunkTarget(
  guest: GuestContents,
  volumes: readonly VolumeThere[],
  request: Pick<ShrinkRequest, 'partition' | 'byFiles' | 'volume' | 'isLuks'>,
): ResizeTarget | undefined {
  const targets = targetsOf(guest)
  const { partition, byFiles } = request
  if (partition !== null) return targets.find((one) => one.partition?.index === partition)
  const copied = byFiles ? targets.findLast((target) => isCopied(target, volumes, request)) : undefined
  return copied ?? targets.at(-1)
}

function isCopied(
  { filesystem, volume: holder }: ResizeTarget,
  volumes: readonly VolumeThere[],
  { volume, isLuks }: Pick<ShrinkRequest, 'volume' | 'isLuks'>,
): boolean {
  if (isLuks) return holder?.type === 'luks1' || holder?.type === 'luks2'
  const isMeant = (one: VolumeThere) =>
    one.group === holder?.group &&
    (volume === null ? isMade(one.filesystem?.type ?? '') : one.name === volume.name)
  if (holder?.type === 'lvm2')
    return (volume === null || volume.group === holder.group) && volumes.some(isMeant)
  return volume === null && isMade(filesystem?.type ?? '')
}

interface ByFiles {
  readonly guest: GuestContents
  readonly target: ResizeTarget
  readonly inside: Inside
  readonly to: number | null
}

/** What lies behind the filesystem follows it, where it can. */
function byFilesChoice({ byFiles }: ResizeFacts, { guest, target, inside, to }: ByFiles): ShrinkChoice {
  const behind = bytesBehind(guest)
  const place = placeOf(target, behind + roomBehind(guest, target.partition))
  const seen = inside.kind === 'lvm' ? byFiles?.logical : null
  const logical = typeof seen === 'object' ? seen : null
  const filesystem = inside.kind === 'lvm' ? (logical?.filesystem ?? null) : target.filesystem
  const group = logical?.group ?? null
  const least = leastByFiles(byFiles?.recipe ?? null, filesystem)
  const around = least === null ? null : sizesAround(least, place, group)
  const wanted = to === null ? around : sizesFor(to, place, group)
  const moves = wanted === null ? [] : movesForward(guest, target.partition, wanted.end)
  // What is in LUKS says how large it is when it is open.
  const sizes = inside.kind === 'luks' ? null : wanted
  const moved = moves.map(({ partition: { start, length } }) => ({ start, end: start + length }))
  const stays = ({ start }: Beyond) => !moved.some((one) => one.start <= start && start < one.end)
  const beyond = beyondOf(guest, target, wanted === null ? null : wanted.disk - behind).filter(stays)
  const disk = to ?? sizes?.disk ?? null
  return { way: 'files', target, place, inside, filesystem, group, disk, sizes, moves, beyond }
}

/** Bytes that the table keeps at the end of the disk. */
export function bytesBehind({ table: { kind, sectorSize } }: GuestContents): number {
  return kind === 'gpt' ? gptBackupLength(sectorSize) : 0
}

/** The smallest disk that all partitions, volumes and filesystems fit on as they are. */
export function smallestCut(guest: GuestContents): number {
  const ends = whatLiesBeyond(guest, 0).map(({ end }) => end)
  return Math.ceil((Math.max(0, ...ends) + bytesBehind(guest)) / shrinkUnit) * shrinkUnit
}

/** Whole blocks of the filesystem. */
const block = 4096

function placeOf({ partition, filesystem, volume }: ResizeTarget, behind: number): ShrunkPlace {
  const length = partition?.length ?? filesystem?.length ?? volume?.length ?? 0
  const header = volume?.payload?.at
  return {
    start: partition?.start ?? 0,
    length: Math.floor(length / block) * block,
    behind,
    ...(header !== undefined && { header }),
  }
}

/** The extended partition around a logical one. */
export function frameOf(guest: GuestContents | null, { start }: Partition): Partition | null {
  const around = (one: Partition) =>
    one.role === 'extended' && one.start <= start && start < one.start + one.length
  return guest?.table.partitions.find(around) ?? null
}

/** What others keep behind the byte up to which the disk can be used; where that is not known yet, all that begins behind the chosen one. */
function beyondOf(guest: GuestContents, { partition }: ResizeTarget, usable: number | null): Beyond[] {
  if (partition === null) return []
  const end = usable ?? partition.start
  const own = [partition.index, partition.role === 'logical' ? frameOf(guest, partition)?.index : null]
  const isInside = ({ start }: Beyond) =>
    start >= partition.start && start < partition.start + partition.length
  return whatLiesBeyond(guest, end).filter((one) =>
    one.layer === 'L4' ? !own.includes(one.partition) : !isInside(one),
  )
}
