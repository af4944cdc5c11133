import type { ByteRange } from '../ranges/byte-range.ts'
import { DiskError } from '../problems/disk-error.ts'
import type { Extent } from '../ranges/extent.ts'

/**
 * Bytes that can be read at any place: a file, a part of one, memory, an NBD export.
 * The caller owns the memory that is read into, so that a copy loop allocates once.
 */
export interface ByteSource {
  /** What to call it in messages. */
  readonly name: string
  readonly size: number
  /** Fills all of `target` from byte `at`; throws `truncated` past the end, `input-output` when reading fails. */
  readInto(target: Uint8Array, at: number): Promise<void>
  /** Which parts of `range` hold data and which are holes (`zero`), in order and without gaps. */
  extents(range: ByteRange): AsyncIterable<Extent>
  /** For a part of another source: which, and where it starts there. */
  readonly part?: { readonly of: ByteSource; readonly start: number }
}

/** The bytes of `range`; throws `truncated` when the source is shorter. */
export async function readRange(
  source: ByteSource,
  range: ByteRange,
  structure = 'data',
): Promise<Uint8Array<ArrayBuffer>> {
  assertInside(source, range, structure)
  const bytes = new Uint8Array(range.end - range.start)
  await source.readInto(bytes, range.start)
  return bytes
}

/** Whether the host says that nothing was ever written there: it reads as zeros. */
export async function isHole(source: ByteSource, range: ByteRange): Promise<boolean> {
  for await (const { content } of source.extents(range)) if (content === 'data') return false
  return true
}

/** Bytes of one piece of `readPieces`, at most. */
const pieceSize = 1024 * 1024

/** The bytes of `range` in order, in pieces that are good until the next one is asked for; throws as `readRange` does. */
export async function* readPieces(
  source: ByteSource,
  range: ByteRange,
  structure = 'data',
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  assertInside(source, range, structure)
  const buffer = new Uint8Array(Math.min(pieceSize, range.end - range.start))
  for (let at = range.start; at < range.end; at += pieceSize) {
    const piece = buffer.subarray(0, range.end - at)
    await source.readInto(piece, at)
    yield piece
  }
}

/** Throws `truncated` unless `range` lies inside the source. */
export function assertInside(
  source: Pick<ByteSource, 'name' | 'size'>,
  range: ByteRange,
  structure: string,
): void {
  const { start, end } = range
  const isSane = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end
  if (isSane && end <= source.size) return
  throw new DiskError('truncated', {
    file: source.name,
    structure,
    wanted: end - start,
    available: Math.max(0, source.size - Math.max(0, start)),
  })
}

/** A source over bytes in memory, for tests and small structures. */
export function memorySource(bytes: Uint8Array, name = 'memory'): ByteSource {
  const source: ByteSource = {
    name,
    size: bytes.length,
    async readInto(target, at) {
      assertInside(source, { start: at, end: at + target.length }, 'data')
      target.set(bytes.subarray(at, at + target.length))
    },
    async *extents({ start, end }) {
      if (start < end) yield { start, length: end - start, content: 'data' }
    },
  }
  return source
}

/** The source that `source` is a part of, or itself, and where it starts there. */
export function wholeOf(source: ByteSource): NonNullable<ByteSource['part']> {
  return source.part ?? { of: source, start: 0 }
}

/** The part `range` of `source` as a source of its own. */
export function sliceSource(source: ByteSource, range: ByteRange, name = source.name): ByteSource {
  assertInside(source, range, 'slice')
  const size = range.end - range.start
  const { of: whole, start } = wholeOf(source)
  const slice: ByteSource = {
    name,
    size,
    part: { of: whole, start: start + range.start },
    async readInto(target, at) {
      assertInside(slice, { start: at, end: at + target.length }, 'data')
      await source.readInto(target, range.start + at)
    },
    async *extents({ start, end }) {
      for await (const extent of source.extents({ start: range.start + start, end: range.start + end })) {
        yield { ...extent, start: extent.start - range.start }
      }
    },
  }
  return slice
}
