import { readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { type ByteRange, type ByteSource, assertInside } from '@varve/core/binary/byte-source'
import type { Extent } from '@varve/core/extent/extent'
import { DiskError } from '@varve/core/problems/disk-error'
import type { FileRanges } from '../file-ranges/file-ranges.ts'
import { readError } from './system-error.ts'

export interface FileSourceOptions {
  readonly handle: FileHandle
  readonly name: string
  readonly size: number
  /** `sync` blocks the thread and is fastest: for worker threads. */
  readonly io: 'sync' | 'async'
  /** Null: the file has no holes, or none that could be asked for. */
  readonly ranges: FileRanges | null
}

/** Extents after which the event loop gets a turn. */
const extentsPerTurn = 1024

/** An open file as a source of bytes; the handle stays the caller's. */
export function fileSource({ handle, name, size, io, ranges }: FileSourceOptions): ByteSource {
  const { fd } = handle
  const readSome =
    io === 'sync'
      ? (target: Uint8Array, at: number) => readSync(fd, target, 0, target.length, at)
      : async (target: Uint8Array, at: number) => (await handle.read(target, 0, target.length, at)).bytesRead
  const source: ByteSource = {
    name,
    size,
    async readInto(target, at) {
      assertInside(source, { start: at, end: at + target.length }, 'data')
      let filled = 0
      while (filled < target.length) {
        const rest = filled === 0 ? target : target.subarray(filled)
        const count = await attempt(() => readSome(rest, at + filled))
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
      for (const extent of seekExtents(ranges, { fd, range })) {
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

function* seekExtents(
  ranges: FileRanges,
  { fd, range }: { fd: number; range: ByteRange },
): Generator<Extent> {
  let at = range.start
  while (at < range.end) {
    const data = Math.min(ranges.nextData(fd, at) ?? range.end, range.end)
    if (data > at) yield { start: at, length: data - at, content: 'zero' }
    if (data >= range.end) return
    const found = ranges.nextHole(fd, data) ?? range.end
    // A file that is being written may have moved on between the two questions.
    const hole = found > data ? Math.min(found, range.end) : range.end
    yield { start: data, length: hole - data, content: 'data' }
    at = hole
  }
}
