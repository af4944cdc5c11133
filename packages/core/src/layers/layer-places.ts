import type { ByteRange } from '../ranges/byte-range.ts'
import type { FilesystemFinding, GuestContents, VolumeFinding } from '../guest/guest-contents.ts'
import { filesystemName, volumeName } from '../guest/guest-names.ts'
import type { DiskRun } from '../guest/guest-region.ts'
import { innermostPartitions, partitionNumber } from '../guest/partition-names.ts'

/** A thing of the guest's and the bytes of the disk that it takes; plain data, which may be kept. */
export interface LayerPlace {
  readonly layer: 'L4' | 'L5' | 'L6'
  /** Such as `partition 2 (Linux filesystem)` or `ext4 "root"`. */
  readonly what: string
  /** In order of its own bytes. */
  readonly runs: readonly DiskRun[]
}

/** What changed of a thing. */
export interface ChangedPlace extends Pick<LayerPlace, 'layer' | 'what'> {
  /** Bytes in which something may have changed. */
  readonly bytes: number
  /** Where on the disk; the first ones only. */
  readonly ranges: readonly ByteRange[]
}

/** Places of one disk, and ranges of one place, at most. */
const mostPlaces = 4096
const mostRanges = 64

/** Where the partitions, volumes and filesystems of a disk of `size` bytes lie, from the table up. */
export function layerPlaces(guest: GuestContents | null, size: number): readonly LayerPlace[] {
  if (guest === null) return []
  const { volumes, filesystems } = guest
  return [
    ...partitionPlaces(guest, size),
    ...volumes.flatMap(volumePlaces),
    ...filesystems.map((filesystem) => filesystemPlace(filesystem, volumes)),
  ].slice(0, mostPlaces)
}

function partitionPlaces({ table }: GuestContents, size: number): LayerPlace[] {
  if (table.kind === 'none') return []
  const partitions = innermostPartitions(table.partitions)
  const taken = partitions.map(({ start, length }) => ({ start, end: start + length }))
  const outside = complementOf(taken, size)
  const first = outside[0]?.start === 0 ? outside[0] : null
  const rest = first ? outside.slice(1) : outside
  const frame: LayerPlace[] = [
    ...(first ? [{ layer: 'L4' as const, what: 'partition table and boot code', runs: [runOf(first)] }] : []),
    ...(rest.length > 0
      ? [{ layer: 'L4' as const, what: 'outside all partitions', runs: rest.map(runOf) }]
      : []),
  ]
  const own = partitions.map((partition): LayerPlace => {
    const { start, length, typeName, name } = partition
    const label = name === null || name === '' ? '' : ` ${JSON.stringify(name)}`
    const what = `partition ${partitionNumber(partition)}${label} (${typeName})`
    return { layer: 'L4', what, runs: [{ start, length }] }
  })
  return [...frame, ...own]
}

function volumePlaces(volume: VolumeFinding): LayerPlace[] {
  const { start, length, members, group, label } = volume
  const named = label ?? group
  const own = `${volumeName(volume.type)}${named === null ? '' : ` ${JSON.stringify(named)}`}`
  return [
    { layer: 'L5', what: own, runs: [{ start, length }] },
    ...members.map((member): LayerPlace => {
      const name = group === null ? member.name : `${group}/${member.name}`
      return {
        layer: 'L5',
        what: `${volumeName(volume.type)} volume ${JSON.stringify(name)}`,
        runs: member.segments,
      }
    }),
  ]
}

/** A filesystem in a volume of several parts lies where these do. */
function filesystemPlace(filesystem: FilesystemFinding, volumes: readonly VolumeFinding[]): LayerPlace {
  const { start, length, label } = filesystem
  const members = volumes.flatMap((volume) => volume.members)
  const member = members.find((one) => one.segments[0]?.start === start && one.length === length)
  const what = `${filesystemName(filesystem.type)}${label === null || label === '' ? '' : ` ${JSON.stringify(label)}`}`
  return { layer: 'L6', what, runs: member?.segments ?? [{ start, length }] }
}

function runOf({ start, end }: ByteRange): DiskRun {
  return { start, length: end - start }
}

function complementOf(ranges: readonly ByteRange[], size: number): ByteRange[] {
  const gaps: ByteRange[] = []
  let at = 0
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    if (start > at) gaps.push({ start: at, end: Math.min(start, size) })
    at = Math.max(at, end)
  }
  if (at < size) gaps.push({ start: at, end: size })
  return gaps
}

/** The places that any of `ranges` touches, with what of them; `ranges` are in order and do not overlap. */
export function changedPlaces(
  places: readonly LayerPlace[],
  ranges: readonly ByteRange[],
): readonly ChangedPlace[] {
  return places.flatMap(({ layer, what, runs }) => {
    const touched = runs.flatMap((run) => overlaps(run, ranges))
    const bytes = touched.reduce((sum, { start, end }) => sum + end - start, 0)
    return bytes === 0 ? [] : [{ layer, what, bytes, ranges: touched.slice(0, mostRanges) }]
  })
}

function overlaps({ start, length }: DiskRun, ranges: readonly ByteRange[]): ByteRange[] {
  const end = start + length
  const found: ByteRange[] = []
  for (let at = firstBehind(ranges, start); at < ranges.length; at += 1) {
    const range = ranges[at]
    if (!range || range.start >= end) break
    found.push({ start: Math.max(start, range.start), end: Math.min(end, range.end) })
  }
  return found
}

/** The first range that ends behind `at`. */
function firstBehind(ranges: readonly ByteRange[], at: number): number {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((ranges[middle]?.end ?? Infinity) <= at) low = middle + 1
    else high = middle
  }
  return low
}
