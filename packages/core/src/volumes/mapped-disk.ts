import type { DiskReader } from '../disk/disk-reader.ts'
import { DiskError } from '../problems/disk-error.ts'
import type { VolumePiece } from './lvm2-groups.ts'

/** A logical volume as a disk of its own, read through the disk that holds it. */
export function mappedDisk(disk: DiskReader, pieces: readonly VolumePiece[]): DiskReader {
  const virtualSize = pieces.reduce((sum, { length }) => sum + length, 0)
  return {
    name: disk.name,
    virtualSize,
    async *extents({ start, end }) {
      if (end > start) yield await Promise.resolve({ start, length: end - start, content: 'data' })
    },
    async readInto(target, at, options) {
      if (at < 0 || at + target.length > virtualSize)
        throw new DiskError('out-of-range', {
          file: disk.name,
          start: at,
          end: at + target.length,
          size: virtualSize,
        })
      for (let done = 0; done < target.length;) {
        const run = runAt(pieces, at + done)
        const length = Math.min(run.length, target.length - done)
        await disk.readInto(target.subarray(done, done + length), run.start, options)
        done += length
      }
    },
  }
}

/** Where the byte lies on the disk, and how many follow it there. */
export function runAt(
  pieces: readonly VolumePiece[],
  at: number,
): { readonly start: number; readonly length: number } {
  let before = 0
  for (const { length, chunk, stripes } of pieces) {
    const offset = at - before
    before += length
    if (offset >= length) continue
    const [turn, within] = [Math.floor(offset / chunk), offset % chunk]
    const { physical, at: start } = stripes[turn % stripes.length] ?? stripes[0]
    return {
      start: physical + start + Math.floor(turn / stripes.length) * chunk + within,
      length: chunk - within,
    }
  }
  throw new RangeError(`byte ${at} lies behind the end of the volume`)
}
