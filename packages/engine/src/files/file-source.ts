import { setImmediate } from 'node:timers/promises'
import { type ByteRange, type ByteSource, assertInside } from '@varve/core/binary/byte-source'
import type { Extent } from '@varve/core/extent/extent'
import { DiskError } from '@varve/core/problems/disk-error'
import type { FileRanges } from '../file-ranges/file-ranges.ts'
import type { ReadableFile } from './file-calls.ts'
import { readError } from './system-error.ts'

export interface FileSourceOptions {
  readonly file: ReadableFile
  readonly name: string
  readonly size: number
  /** Null: the file has no holes, or none that could be asked for. */
  readonly ranges: FileRanges | null
}

/** Extents after which the event loop gets a turn. */
const extentsPerTurn = 1024

/** An open file as a source of bytes; closing it stays the caller's. */
export function fileSource({ file, name, size, ranges }: FileSourceOptions): ByteSource {
  const { fd } = file
  const data: DataRun = { start: 0, end: 0 }
  const source: ByteSource = {
    name,
    size,
    async readInto(target, at) {
      assertInside(source, { start: at, end: at + target.length }, 'data')
      let filled = 0
      while (filled < target.length) {
        const rest = filled === 0 ? target : target.subarray(filled)
        const count = await attempt(() => file.read(rest, at + filled))
        if (count === 0) throw new DiskError('source-changed', { file: name, change: 'it became shorter' })
        filled += count
      }
    },
    async *extents(range) {
      assertInside(source, range, 'extents')
      if (range.start === range.end) return
      if (ranges === null) {
        yield { start: range.start, length: range.end - range.start, content: 'data' }
        return
      }
      let count = 0
      for (const extent of seekExtents(ranges, { fd, range, data })) {
        yield extent
        count += 1
        if (count % extentsPerTurn === 0) await setImmediate()
      }
    },
  }

  async function attempt(read: () => number | Promise<number>): Promise<number> {
    try {
      return await read()
    } catch (error) {
      throw readError(error, name)
    }
  }

  return source
}

/** The run of data that was found last. */
interface DataRun {
  start: number
  end: number
}

/**
 * The system is asked once for each run of data, though a format asks for each of its clusters: a question can take as
 * long as reading a cluster.
 */
function* seekExtents(
  ranges: FileRanges,
  { fd, range, data: known }: { fd: number; range: ByteRange; data: DataRun },
): Generator<Extent> {
  let at = range.start
  while (at < range.end) {
    if (known.start <= at && at < known.end) {
      const end = Math.min(known.end, range.end)
      yield { start: at, length: end - at, content: 'data' }
      at = end
      continue
    }
    const data = Math.min(ranges.nextData(fd, at) ?? range.end, range.end)
    if (data > at) yield { start: at, length: data - at, content: 'zero' }
    if (data >= range.end) return
    const found = ranges.nextHole(fd, data) ?? range.end
    known.start = data
    // A file that is being written may have moved on between the two questions.
    known.end = found > data ? found : range.end
    at = data
  }
}
