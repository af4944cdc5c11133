import { countBefore } from '../../binary/bisect.ts'
import type { ByteRange } from '../../ranges/byte-range.ts'
import { clipExtent, mergeExtentStream, type Extent } from '../../ranges/extent.ts'
import { assertOnDisk, clampToDisk } from '../../disk/disk-range.ts'
import type { DiskReader, ReadOptions } from '../../disk/disk-reader.ts'

/** A piece of a disk: the first `length` bytes of `disk` lie at `start`. */
export interface DiskPart {
  readonly disk: DiskReader
  readonly start: number
  readonly length: number
}

/** Parts that follow each other without gaps, as one disk. */
export function concatDisks(name: string, parts: readonly DiskPart[]): DiskReader {
  const last = parts.at(-1)
  const disk: DiskReader = {
    name,
    virtualSize: last ? last.start + last.length : 0,
    extents: (range, options) => mergeExtentStream(partExtents(parts, clampToDisk(disk, range), options)),
    async readInto(target, at, options) {
      const range = { start: at, end: at + target.length }
      assertOnDisk(disk, range)
      for (let i = partAt(parts, at), done = 0; done < target.length; i += 1) {
        const part = parts[i]
        if (!part) return
        const end = Math.min(range.end, part.start + part.length)
        await part.disk.readInto(target.subarray(done, end - at), at + done - part.start, options)
        done = end - at
      }
    },
    storedAt(at) {
      const part = parts[partAt(parts, at)]
      const stored = part?.disk.storedAt?.(at - part.start)
      if (!part || !stored) return null
      return { ...stored, length: Math.min(stored.length, Math.max(0, part.start + part.length - at)) }
    },
  }
  return disk
}

/** A disk of zeros. */
export function zeroDisk(name: string, virtualSize: number): DiskReader {
  const disk: DiskReader = {
    name,
    virtualSize,
    async *extents(range) {
      const { start, end } = clampToDisk(disk, range)
      if (start < end) yield { start, length: end - start, content: 'zero' }
    },
    async readInto(target, at) {
      assertOnDisk(disk, { start: at, end: at + target.length })
      target.fill(0)
    },
  }
  return disk
}

async function* partExtents(
  parts: readonly DiskPart[],
  range: ByteRange,
  options: ReadOptions | undefined,
): AsyncGenerator<Extent> {
  for (let i = partAt(parts, range.start); i < parts.length; i += 1) {
    const part = parts[i]
    if (!part || part.start >= range.end) return
    const inside = clipExtent({ start: part.start, length: part.length, content: 'data' }, range)
    if (!inside) continue
    const start = inside.start - part.start
    for await (const extent of part.disk.extents({ start, end: start + inside.length }, options)) {
      yield { ...extent, start: extent.start + part.start }
    }
  }
}

/** Index of the part that holds byte `at`. */
function partAt(parts: readonly DiskPart[], at: number): number {
  return Math.max(0, countBefore(parts.length, (index) => (parts[index]?.start ?? 0) <= at) - 1)
}
