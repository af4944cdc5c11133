import type { ResizedType } from '../actions/filesystem-place.ts'
import type { GroupExtents } from '../actions/find-extents.ts'

const mib = 1024 ** 2

/** Ends of filesystems, partitions and disks are multiples of it. */
export const shrinkUnit = mib

/** Bytes that a filesystem keeps free above its smallest size: its own tool says that as an estimate, and who starts it writes. */
export function slackAbove(minimum: number, type: ResizedType): number {
  return type === 'btrfs' ? Math.max(256 * mib, minimum / 8) : Math.max(16 * mib, minimum / 16)
}

/** The smallest size that a filesystem gets, in whole units. */
export function smallestSize(minimum: number, type: ResizedType): number {
  return Math.ceil((minimum + slackAbove(minimum, type)) / shrinkUnit) * shrinkUnit
}

/** Where a filesystem lies, and what has to have room behind it. */
export interface ShrunkPlace {
  /** Byte of the disk at which its partition begins. */
  readonly start: number
  /** Bytes of its partition as it is, or of the filesystem that is a whole disk. */
  readonly length: number
  /** Bytes behind its partition at the end of the disk: the backup of a GPT. */
  readonly behind: number
  /** Bytes of the partition before what is in it: the header of LUKS. */
  readonly header?: number | undefined
}

/** Sizes of what is shrunk, in bytes and places on the disk. */
export interface ShrunkSizes {
  readonly filesystem: number
  /** Of the physical volume of LVM that the filesystem's volume lies in; null: it lies in none. */
  readonly physical: number | null
  /** Byte behind the last of its partition. */
  readonly end: number
  /** Bytes of the disk. */
  readonly disk: number
}

/** Whole blocks of the filesystem. */
const block = 4096
const sector = 512

/** The sizes for a disk of so many bytes. */
export function sizesFor(disk: number, place: ShrunkPlace, group: GroupExtents | null = null): ShrunkSizes {
  const { start, length, behind, header = 0 } = place
  const part = Math.min(length, Math.max(0, downTo(shrinkUnit, disk - behind - start)))
  const room = Math.max(0, downTo(group === null ? block : sector, part - header))
  if (group === null) return { filesystem: room, physical: null, end: start + part, disk }
  const { extentSize, dataStart, volume, others } = group
  const extents = Math.floor((room - dataStart) / extentSize) - others
  const filesystem = Math.min(volume, Math.max(0, extents)) * extentSize
  return { filesystem, physical: room, end: start + part, disk }
}

/** The sizes for a filesystem of so many bytes, and the smallest disk with room for it. */
export function sizesAround(
  filesystem: number,
  place: ShrunkPlace,
  group: GroupExtents | null = null,
): ShrunkSizes {
  const { start, length, behind, header = 0 } = place
  const volume = group && Math.min(group.volume, Math.ceil(filesystem / group.extentSize))
  const wanted =
    group === null || volume === null
      ? filesystem
      : group.dataStart + (volume + group.others) * group.extentSize
  const part = Math.min(length, upToUnit(header + wanted))
  const disk = upToUnit(start + part + behind)
  const room = downTo(group === null ? block : sector, part - header)
  if (group === null || volume === null)
    return { filesystem: Math.min(room, filesystem), physical: null, end: start + part, disk }
  return { filesystem: volume * group.extentSize, physical: room, end: start + part, disk }
}

const downTo = (unit: number, bytes: number) => Math.floor(bytes / unit) * unit
const upTo = (unit: number, bytes: number) => Math.ceil(bytes / unit) * unit

/** So many bytes in whole units of a shrink. */
export const upToUnit = (bytes: number) => upTo(shrinkUnit, bytes)
