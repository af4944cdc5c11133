import type { ByteRange } from '../ranges/byte-range.ts'
import { DiskError } from '../problems/disk-error.ts'
import type { DiskReader } from './disk-reader.ts'

/** Throws `out-of-range` unless `range` lies on the disk. */
export function assertOnDisk(disk: Pick<DiskReader, 'name' | 'virtualSize'>, range: ByteRange): void {
  const { start, end } = range
  const isSane = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end
  if (isSane && end <= disk.virtualSize) return
  throw new DiskError('out-of-range', { file: disk.name, start, end, size: disk.virtualSize })
}

/** The part of `range` that lies on the disk; empty when none does. */
export function clampToDisk(disk: Pick<DiskReader, 'virtualSize'>, range: ByteRange): ByteRange {
  const start = Math.min(Math.max(0, range.start), disk.virtualSize)
  return { start, end: Math.max(start, Math.min(range.end, disk.virtualSize)) }
}
