import type {
  FilesystemFinding,
  GuestContents,
  Partition,
  PartitionTable,
  VolumeFinding,
} from '@varve/core/guest/guest-contents'
import { gptBackupLength } from '@varve/core/partitions/gpt-end'

/** What lies in a partition, or on the whole disk, and could get another size with it. */
export interface ResizeTarget {
  /** Null: the whole disk. */
  readonly partition: Partition | null
  readonly filesystem: FilesystemFinding | null
  readonly volume: VolumeFinding | null
}

/** In the order in which they lie on the disk. */
export function targetsOf({ table, filesystems, volumes }: GuestContents): ResizeTarget[] {
  const at = (start: number) => ({
    volume: volumes.find((one) => one.start === start) ?? null,
    // What a volume holds has a place of its own.
    filesystem: volumes.some((one) => one.start === start)
      ? null
      : (filesystems.find((one) => one.start === start) ?? null),
  })
  if (table.kind === 'none') return [{ partition: null, ...at(0) }]
  return placesOf(table).map((partition) => ({ partition, ...at(partition.start) }))
}

/** Partitions that hold data, in the order in which they lie. */
export function placesOf({ partitions }: PartitionTable): Partition[] {
  return partitions
    .filter(({ role }) => role === 'primary' || role === 'logical')
    .toSorted((one, other) => one.start - other.start)
}

const mib = 1024 ** 2

/** As partitions are laid out since disks have sectors of 4,096 bytes. */
export function alignDown(bytes: number): number {
  return Math.floor(bytes / mib) * mib
}

/** What an MBR can address, in sectors. */
const mbrSectors = 2 ** 32

/** The byte up to which partitions may lie on a disk of `size` bytes. */
export function tableEnd({ kind, sectorSize }: PartitionTable, size: number): number {
  if (kind === 'gpt') return size - gptBackupLength(sectorSize)
  return Math.min(size, mbrSectors * sectorSize)
}

/** How far the partition can reach on a disk of `size` bytes, with whole MiB; its own end where there is no more room. */
export function roomFor(table: PartitionTable, partition: Partition, size: number): number {
  const own = partition.start + partition.length
  const others = table.partitions.filter(({ index }) => index !== partition.index)
  const behind =
    partition.role === 'logical'
      ? others.filter(({ role }) => role !== 'extended')
      : others.filter(({ role }) => role === 'primary' || role === 'extended')
  const isNextLogical = (start: number) => others.some((one) => one.start === start && one.role === 'logical')
  const ends = behind
    .filter(({ start }) => start >= own)
    // Before a logical partition lies the sector that describes it.
    .map(({ start }) => (isNextLogical(start) ? start - mib : start))
  // Where the front of a logical partition was moved, its sector stayed.
  const records = (table.records ?? []).filter((at) => at >= own)
  return Math.max(own, alignDown(Math.min(tableEnd(table, size), ...ends, ...records)))
}
