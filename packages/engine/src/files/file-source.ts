import { setImmediate } from 'node:timers/promises'
import { type ByteSource, assertInside } from '@varve/core/binary/byte-source'
import type { ByteRange } from '@varve/core/ranges/byte-range'
import type { Extent } from '@varve/core/ranges/extent'
import { DiskError } from '@varve/core/problems/disk-error'
import type { FileRanges } from '../file-ranges/file-ranges.ts'
import type { ReadableFile } from './file-calls.ts'
import { readError } from '../system/system-error.ts'

export interface FileSourceOptions {
  readonly file: ReadableFile
  readonly name: string
  readonly size: number
  /** Null: the file has no holes, or none that could be asked for. */
  readonly ranges: FileRanges | null
}

/** Bytes from which on a read asks for holes first: the system would fill its cache with their zeros, and copy them. */
const smallestWithHoles = 64 * 1024
/** Extents after which the event loop gets a turn. */
const extentsPerTurn = 1024

const descriptors = new WeakMap<ByteSource, number>()

/** The descriptor of the file that a source of `fileSource` reads; null for any other source. */
export function descriptorOf(source: ByteSource): number | null {
  return descriptors.get(source) ?? null
}

/** An open file as a source of bytes; closing it stays the caller's. */
export function fileSource({ file, name, size, ranges }: FileSourceOptions): ByteSource {
  const { fd } = file
  const data: DataRun = { start: 0, end: 0 }
  const readData = async (target: Uint8Array, at: number): Promise<void> => {
    let filled = 0
    while (filled < target.length) {
      const rest = filled === 0 ? target : target.subarray(filled)
      const count = await attempt(() => file.read(rest, at + filled))
      if (count === 0) throw new DiskError('source-changed', { file: name, change: 'it became shorter' })
      filled += count
    }
  }
  const source: ByteSource = {
    name,
    size,
    async readInto(target, at) {
      const range = { start: at, end: at + target.length }
      assertInside(source, range, 'data')
      if (ranges === null || target.length < smallestWithHoles) return await readData(target, at)
      for (const { start, length, content } of seekExtents(ranges, { fd, name, range, data })) {
        const part = target.subarray(start - at, start - at + length)
        if (content === 'data') await readData(part, start)
        else part.fill(0)
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
      for (const extent of seekExtents(ranges, { fd, name, range, data })) {
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

  descriptors.set(source, fd)
  return source
}

interface SeekOptions {
  readonly fd: number
  readonly name: string
  readonly range: ByteRange
  readonly data: DataRun
}

function attemptSeek<T>(seek: () => T, name: string): T {
  try {
    return seek()
  } catch (error) {
    throw readError(error, name)
  }
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
function* seekExtents(ranges: FileRanges, { fd, name, range, data: known }: SeekOptions): Generator<Extent> {
  let at = range.start
  while (at < range.end) {
    if (known.start <= at && at < known.end) {
      const end = Math.min(known.end, range.end)
      yield { start: at, length: end - at, content: 'data' }
      at = end
      continue
    }
    const data = Math.min(attemptSeek(() => ranges.nextData(fd, at), name) ?? range.end, range.end)
    if (data > at) yield { start: at, length: data - at, content: 'zero' }
    if (data >= range.end) return
    const found = attemptSeek(() => ranges.nextHole(fd, data), name) ?? range.end
    known.start = data
    // A file that is being written may have moved on between the two questions.
    known.end = found > data ? found : range.end
    at = data
  }
}
