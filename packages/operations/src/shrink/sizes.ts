import type { ResizedType } from '../actions/filesystem-place.ts'

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
  /** Byte of the disk at which it begins. */
  readonly start: number
  /** Its bytes as it is, or those of its partition where that is smaller. */
  readonly length: number
  /** Bytes behind its partition at the end of the disk: the backup of a GPT. */
  readonly behind: number
}

/** Sizes of what is shrunk, in bytes of the filesystem and places on the disk. */
export interface ShrunkSizes {
  readonly filesystem: number
  /** Byte behind the last of its partition. */
  readonly end: number
  /** Bytes of the disk. */
  readonly disk: number
}

/** The sizes for a disk of so many bytes. */
export function sizesFor(disk: number, { start, length, behind }: ShrunkPlace): ShrunkSizes {
  const room = Math.floor((disk - behind - start) / shrinkUnit) * shrinkUnit
  const filesystem = Math.min(length, Math.max(0, room))
  return { filesystem, end: start + filesystem, disk }
}

/** The sizes for a filesystem of so many bytes, and the smallest disk with room for it. */
export function sizesAround(filesystem: number, { start, length, behind }: ShrunkPlace): ShrunkSizes {
  const kept = Math.min(length, filesystem)
  const end = start + kept
  return { filesystem: kept, end, disk: Math.ceil((end + behind) / shrinkUnit) * shrinkUnit }
}
