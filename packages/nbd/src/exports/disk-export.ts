import type { DiskReader } from '@varve/core/disk/disk-reader'
import type { NbdExport } from '../nbd-export.ts'

/** A disk, read-only. */
export function diskExport(
  disk: DiskReader,
  { description = null }: { description?: string | null } = {},
): NbdExport {
  return {
    size: disk.virtualSize,
    description,
    readInto: (target, at, options) => disk.readInto(target, at, options),
    extents: (range, options) => disk.extents(range, options),
    writer: null,
  }
}
