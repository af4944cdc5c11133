import { Readable, type Transform } from 'node:stream'
import { createGunzip, createInflateRaw, createZstdDecompress } from 'node:zlib'
import { type ByteSource, readRange, sliceSource } from '@varve/core/binary/byte-source'
import { toHex } from '@varve/core/binary/hex'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { damaged } from './packed-errors.ts'
import { SourceCursor } from './source-cursor.ts'

/** Bytes given to a decompressor at once. */
const feedSize = 64 * 1024

/** Bytes that a Zstandard frame may reach back: what the library allows unless told otherwise. */
const maxWindow = 2 ** 27

/** Bytes taken from a decompressor at once. */
const chunkSize = 256 * 1024

const streams = {
  gzip: () => createGunzip({ chunkSize }),
  zstd: () => createZstdDecompress({ chunkSize }),
  deflate: () => createInflateRaw({ chunkSize }),
} as const
export type MemberKind = keyof typeof streams

/**
 * Everything that the members of a gzip file or the frames of a Zstandard file unpack to, one after the other. Zeros behind
 * a member are padding; any other byte that starts no member is damage. Throws coded errors only.
 */
export async function* unpackMembers(
  source: ByteSource,
  kind: 'gzip' | 'zstd',
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size;) {
    const start = await nextMember(source, { at, kind, signal })
    if (start === null) return
    const rest = sliceSource(source, { start, end: source.size })
    const { consumed } = yield* unpackOne(rest, { kind, offset: start, signal })
    at = start + consumed
  }
}

interface NextMember {
  readonly at: number
  readonly kind: 'gzip' | 'zstd'
  readonly signal: AbortSignal | undefined
}

/** Where the next member starts, behind zeros and frames that are to be skipped; null: there is none. */
async function nextMember(source: ByteSource, { at, kind, signal }: NextMember): Promise<number | null> {
  const cursor = new SourceCursor(source, signal)
  cursor.seek(at)
  if (at > 0) await skipZeros(cursor)
  while (kind === 'zstd' && cursor.left > 0) {
    const start = cursor.at
    const bytes = await cursor.peek(8)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    if (bytes.length < 8 || (view.getUint32(0, true) & 0xffff_fff0) !== 0x184d_2a50) break
    const next = start + 8 + view.getUint32(4, true)
    if (next > source.size)
      throw new DiskError('truncated', {
        file: source.name,
        structure: 'a frame to be skipped',
        wanted: next - start,
        available: source.size - start,
      })
    cursor.seek(next)
  }
  if (cursor.left === 0) return null
  if (at > 0) await assertMember(cursor, { name: source.name, kind })
  return cursor.at
}

const memberMarks = { gzip: '1f8b', zstd: '28b52ffd' } as const

/** Firmware tools put signatures behind what is packed; gunzip ignores them, and we say that they are there. */
async function assertMember(
  cursor: SourceCursor,
  { name, kind }: { readonly name: string; readonly kind: 'gzip' | 'zstd' },
): Promise<void> {
  const mark = memberMarks[kind]
  if (toHex(await cursor.peek(mark.length / 2)) === mark) return
  throw damaged(name, cursor.at, othersFollow(kind))
}

function othersFollow(kind: MemberKind): string {
  return `the ${kind} data ends, and other bytes follow, such as a signature; to leave them out, unpack the file with ${kind} -dc and name what comes out`
}

async function skipZeros(cursor: SourceCursor): Promise<void> {
  while (cursor.left > 0) {
    const bytes = await cursor.peek(feedSize)
    const first = bytes.findIndex((byte) => byte !== 0)
    cursor.seek(cursor.at + (first === -1 ? bytes.length : first))
    if (first !== -1) return
  }
}

interface OneMember {
  readonly kind: MemberKind
  /** Where `source` starts in the file, for messages. */
  readonly offset: number
  readonly signal?: AbortSignal | undefined
}

/** What the first member of `source` unpacks to; returns how many bytes it takes. */
export async function* unpackOne(
  source: ByteSource,
  { kind, offset, signal }: OneMember,
): AsyncGenerator<Uint8Array, { readonly consumed: number }> {
  const stream = streams[kind]()
  const feed = Readable.from(piecesOf(source, signal), { objectMode: false, highWaterMark: feedSize })
  let failure: Error | null = null
  feed.on('error', (error: Error) => {
    failure = error
    stream.destroy(error)
  })
  feed.pipe(stream)
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      signal?.throwIfAborted()
      yield piece
    }
  } catch (error) {
    signal?.throwIfAborted()
    if (failure !== null) throw failure as Error
    throw asDamage(error, { source, offset, kind })
  } finally {
    feed.destroy()
    stream.destroy()
  }
  const { bytesWritten } = stream as Transform & { readonly bytesWritten: number }
  return { consumed: bytesWritten }
}

async function* piecesOf(source: ByteSource, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += feedSize) {
    signal?.throwIfAborted()
    yield await readRange(source, { start: at, end: Math.min(source.size, at + feedSize) }, 'packed data')
  }
}

interface Damaged {
  readonly source: ByteSource
  readonly offset: number
  readonly kind: MemberKind
}

function asDamage(error: unknown, { source, offset, kind }: Damaged): unknown {
  if (isDiskError(error) || !(error instanceof Error)) return error
  const code = 'code' in error ? error.code : null
  if (code === 'ZSTD_error_frameParameter_windowTooLarge') {
    const what = 'window of the Zstandard frame in bytes'
    return new DiskError('limit-exceeded', {
      file: source.name,
      what,
      value: `over ${maxWindow}`,
      limit: maxWindow,
    })
  }
  if (code === 'Z_BUF_ERROR')
    return damaged(source.name, offset, 'it ends too early: the file is cut short', error)
  // Only what starts as gzip comes here: it is the header behind the data that is none.
  const isBehind = kind === 'gzip' && error.message === 'incorrect header check'
  return damaged(source.name, offset, isBehind ? othersFollow(kind) : error.message, error)
}
