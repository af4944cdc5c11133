import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { ByteSource } from '@varve/core/binary/byte-source'
import { DiskError } from '@varve/core/problems/disk-error'
import { Crc64 } from './crc64.ts'
import { Lzma2Decoder } from './lzma2-decoder.ts'
import { damaged } from './packed-errors.ts'
import { SourceCursor } from './source-cursor.ts'

/** Bytes of a dictionary, at most: `xz -9` has 64 MiB. */
const maxDictionary = 256 * 1024 ** 2
const streamMagic = 'fd377a585a00'
const lzma2Filter = 0x21
/** Bytes of the check behind each block, by its id (xz file format 1.2.1, section 2.1.1.2). */
const checkSizes = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64]

/**
 * Everything that the xz streams of a file unpack to, in pieces that are good until the next one is asked for. Headers,
 * index and the check of each block are verified; LZMA2 is the only filter. Throws coded errors only.
 */
export async function* unpackXzStreams(source: ByteSource, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const cursor = new SourceCursor(source, signal)
  const place = { cursor, file: source.name }
  do {
    yield* unpackStream(place)
    await skipPadding(place)
  } while (cursor.left > 0)
}

interface Place {
  readonly cursor: SourceCursor
  readonly file: string
}

async function* unpackStream(place: Place): AsyncGenerator<Uint8Array> {
  const { cursor } = place
  const start = cursor.at
  const header = (await cursor.take(12, 'xz stream header')).slice()
  if (hex(header.subarray(0, 6)) !== streamMagic) throw fault(place, start, 'a stream does not start as one')
  const flags = header.subarray(6, 8)
  if (viewOf(header).getUint32(8, true) !== crc32(flags))
    throw fault(place, start, 'the header of a stream is damaged')
  if (flags[0] !== 0 || (flags[1] ?? 0) > 0x0f) throw unsupported(place, 'an unknown kind of stream')
  const check = flags[1] ?? 0
  const records: BlockRecord[] = []
  for (;;) {
    const [size = 0] = await cursor.take(1, 'xz block')
    if (size === 0) break
    const record = yield* unpackBlock(place, { headerSize: (size + 1) * 4, check })
    records.push(record)
  }
  const indexSize = await readIndex(place, records)
  const footer = await cursor.take(12, 'xz stream footer')
  const view = viewOf(footer)
  const isSound =
    footer[10] === 0x59 &&
    footer[11] === 0x5a &&
    view.getUint32(0, true) === crc32(footer.subarray(4, 10)) &&
    (view.getUint32(4, true) + 1) * 4 === indexSize &&
    footer[8] === flags[0] &&
    footer[9] === flags[1]
  if (!isSound) throw fault(place, cursor.at - 12, 'the end of a stream contradicts it')
}

/** What the index says of a block: its bytes without padding, and what they unpack to. */
interface BlockRecord {
  readonly size: number
  readonly unpacked: number
}

async function* unpackBlock(
  place: Place,
  { headerSize, check }: { headerSize: number; check: number },
): AsyncGenerator<Uint8Array, BlockRecord> {
  const { cursor } = place
  const start = cursor.at - 1
  cursor.seek(start)
  const header = await cursor.take(headerSize, 'xz block header')
  const said = readBlockHeader(header, { ...place, start })
  const decoder = new Lzma2Decoder(said.dictionary)
  const verifier = verifierOf(check)
  let unpacked = 0
  for (;;) {
    const piece = await nextChunk(place, decoder)
    if (piece === null) break
    verifier?.update(piece)
    unpacked += piece.length
    yield piece
  }
  const dataSize = cursor.at - start - headerSize
  if ((said.packed ?? dataSize) !== dataSize || (said.unpacked ?? unpacked) !== unpacked)
    throw fault(place, start, 'a block is not as long as it says')
  const padding = await cursor.take((4 - (dataSize % 4)) % 4, 'xz block')
  if (padding.some((byte) => byte !== 0)) throw fault(place, cursor.at, 'the padding of a block is not zero')
  const checkSize = checkSizes[check] ?? 0
  const expected = await cursor.take(checkSize, 'check of an xz block')
  if (verifier && hex(expected) !== hex(verifier.digest()))
    throw fault(place, start, 'what a block unpacks to differs from its checksum')
  return { size: headerSize + dataSize + checkSize, unpacked }
}

/** The next piece of LZMA2, or null at its end. */
async function nextChunk({ cursor, file }: Place, decoder: Lzma2Decoder): Promise<Uint8Array | null> {
  const at = cursor.at
  const [control = 0] = await cursor.take(1, 'xz data')
  if (control === 0) return null
  if (control >= 0x80) {
    const hasProperties = control >= 0xc0
    const head = await cursor.take(hasProperties ? 5 : 4, 'xz data')
    const [a = 0, b = 0, c = 0, d = 0, properties = 0] = head
    const size = (((control & 0x1f) << 16) | (a << 8) | b) + 1
    const bytes = await cursor.take(((c << 8) | d) + 1, 'xz data')
    return orFault({ file, at }, () => decoder.packed(bytes, { control, size, properties }))
  }
  if (control > 2) throw damaged(file, at, 'a chunk of the xz stream is of no known kind')
  const [a = 0, b = 0] = await cursor.take(2, 'xz data')
  const bytes = await cursor.take(((a << 8) | b) + 1, 'xz data')
  return orFault({ file, at }, () => decoder.stored(bytes, control === 1))
}

function orFault<T>({ file, at }: { file: string; at: number }, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof RangeError) throw damaged(file, at, error.message)
    throw error
  }
}

interface BlockHeader {
  readonly packed: number | null
  readonly unpacked: number | null
  readonly dictionary: number
}

function readBlockHeader(header: Uint8Array, place: Place & { start: number }): BlockHeader {
  const { start } = place
  const end = header.length - 4
  if (viewOf(header).getUint32(end, true) !== crc32(header.subarray(0, end)))
    throw fault(place, start, 'the header of a block is damaged')
  const flags = header[1] ?? 0
  if ((flags & 0x3f) !== 0) throw unsupported(place, 'filters besides LZMA2')
  let at = 2
  const next = (): number => {
    const number = readNumber(header.subarray(0, end), at)
    if (number === null) throw fault(place, start, 'the header of a block is damaged')
    at = number.end
    return number.value
  }
  const packed = (flags & 0x40) === 0 ? null : next()
  const unpacked = (flags & 0x80) === 0 ? null : next()
  const filter = next()
  const propertySize = next()
  const bits = header[at] ?? 0xff
  if (filter !== lzma2Filter || propertySize !== 1 || bits > 40)
    throw unsupported(place, 'filters besides LZMA2')
  const dictionary = bits === 40 ? 2 ** 32 - 1 : (2 | (bits & 1)) * 2 ** (Math.floor(bits / 2) + 11)
  if (dictionary <= maxDictionary) return { packed, unpacked, dictionary }
  throw new DiskError('limit-exceeded', {
    file: place.file,
    what: 'dictionary of the xz stream in bytes',
    value: dictionary,
    limit: maxDictionary,
  })
}

/** Compares the index with the blocks that were met, and returns its length. */
async function readIndex(place: Place, records: readonly BlockRecord[]): Promise<number> {
  const { cursor } = place
  const start = cursor.at - 1
  let crc = crc32(Uint8Array.of(0))
  const next = async (): Promise<number> => {
    const number = readNumber(await cursor.peek(9), 0)
    if (number === null) throw fault(place, cursor.at, 'the index of a stream is damaged')
    crc = crc32(await cursor.take(number.end, 'xz index'), crc)
    return number.value
  }
  const contradicts = () => fault(place, start, 'the index of a stream contradicts its blocks')
  if ((await next()) !== records.length) throw contradicts()
  for (const { size, unpacked } of records)
    if ((await next()) !== size || (await next()) !== unpacked) throw contradicts()
  const padding = await cursor.take((4 - ((cursor.at - start) % 4)) % 4, 'xz index')
  crc = crc32(padding, crc)
  const sum = await cursor.take(4, 'xz index')
  if (viewOf(sum).getUint32(0, true) !== crc) throw fault(place, start, 'the index of a stream is damaged')
  return cursor.at - start
}

/** Streams may be followed by zeros, in fours. */
async function skipPadding(place: Place): Promise<void> {
  const { cursor } = place
  for (;;) {
    const bytes = await cursor.peek(4)
    if (bytes.length === 0 || bytes.some((byte) => byte !== 0)) return
    if (bytes.length < 4) throw fault(place, cursor.at, 'the padding of a stream is cut')
    await cursor.take(4, 'padding')
  }
}

/** Seven bits a byte, the lowest first; null for what is cut or above 2^53−1. */
function readNumber(bytes: Uint8Array, from: number): { value: number; end: number } | null {
  let value = 0
  for (let index = 0; index < 9; index += 1) {
    const byte = bytes[from + index]
    if (byte === undefined) return null
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return Number.isSafeInteger(value) ? { value, end: from + index + 1 } : null
  }
  return null
}

interface Verifier {
  update(bytes: Uint8Array): void
  digest(): Uint8Array
}

/** The check of that id; null for none, and for those that nobody has defined. */
function verifierOf(check: number): Verifier | null {
  if (check === 1) return crc32Verifier()
  if (check === 4) return new Crc64()
  if (check !== 10) return null
  const hash = createHash('sha256')
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() }
}

function crc32Verifier(): Verifier {
  let value = 0
  return {
    update(bytes) {
      value = crc32(bytes, value)
    },
    digest() {
      const bytes = new Uint8Array(4)
      viewOf(bytes).setUint32(0, value, true)
      return bytes
    },
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function fault({ file }: Place, at: number, reason: string): DiskError {
  return damaged(file, at, reason)
}

function unsupported({ file }: Place, feature: string): DiskError {
  return new DiskError('unsupported-feature', { file, format: 'xz', feature })
}
