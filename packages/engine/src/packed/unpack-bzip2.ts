import type { ByteSource } from '@varve/core/binary/byte-source'
import { DiskError } from '@varve/core/problems/disk-error'
import { unpackBzip2 } from '../codecs/bzip2.ts'
import { cutBits, findMark, readBits, type BitMark } from './bzip2-bits.ts'
import { damaged } from './packed-errors.ts'
import { SourceCursor } from './source-cursor.ts'

/** What a block starts with, and what a stream ends with: the digits of pi and of its root. */
const blockMark: BitMark = { upper: 0x314159, lower: 0x265359 }
const endMark: BitMark = { upper: 0x177245, lower: 0x385090 }
const markBits = 48
const crcBits = 32
/** Bytes of a packed block, at most: 900,000 bytes that grow a little, and its tables. */
const maxPackedBlock = 1_500_000
const bufferSize = 4 * 1024 ** 2
/** Bytes that most blocks unpack to, at most, and those that any does: runs of 259 bytes are written as five. */
const usualBlock = 2 * 1024 ** 2
const largestBlock = Math.ceil((900_000 * 259) / 5)

/**
 * Everything that the bzip2 streams of a file unpack to, one block at a time, each checked by its CRC and each stream by
 * the CRC of all. The library unpacks whole streams only, so each block is handed to it as a stream of its own; a block's
 * end is where the next mark stands, which need not be at a whole byte. Throws coded errors only.
 */
export async function* unpackBzip2Streams(
  source: ByteSource,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const cursor = new SourceCursor(source, signal, bufferSize)
  do yield* unpackStream(cursor, source.name)
  while (await startsAnother(cursor, source.name))
}

async function* unpackStream(cursor: SourceCursor, file: string): AsyncGenerator<Uint8Array> {
  const head = (await cursor.take(4, 'bzip2 stream')).slice()
  /** Bits of the cursor's next byte that are taken. */
  let offset = 0
  let combined = 0
  for (;;) {
    const window = await cursor.peek(maxPackedBlock)
    const at = cursor.at
    if (window.length * 8 < offset + markBits + crcBits) throw damaged(file, at, cutShort)
    const mark = { upper: readBits(window, offset, 24), lower: readBits(window, offset + 24, 24) }
    const crc =
      readBits(window, offset + markBits, 16) * 0x1_0000 + readBits(window, offset + markBits + 16, 16)
    if (isSame(mark, endMark)) {
      if (crc !== combined) throw damaged(file, at, 'a stream differs from its checksum')
      cursor.seek(at + Math.ceil((offset + markBits + crcBits) / 8))
      return
    }
    if (!isSame(mark, blockMark)) throw damaged(file, at, 'a block does not start with its mark')
    const end = findMark(window, offset + markBits + crcBits, [blockMark, endMark])
    if (end === null) throw noEnd({ file, at, isWhole: window.length < maxPackedBlock })
    combined = (((combined << 1) | (combined >>> 31)) ^ crc) >>> 0
    const stream = cutBits(window, { head, from: offset, to: end, tail: [endMark.upper, endMark.lower, crc] })
    // The window is good until here.
    cursor.seek(at + (end >> 3))
    offset = end & 7
    yield await unpackBlock(stream, { file, at })
  }
}

const cutShort = 'it ends too early: the file is cut short'

function noEnd({ file, at, isWhole }: { file: string; at: number; isWhole: boolean }): DiskError {
  if (isWhole) return damaged(file, at, cutShort)
  const what = 'packed size of a bzip2 block'
  return new DiskError('limit-exceeded', {
    file,
    what,
    value: `over ${maxPackedBlock}`,
    limit: maxPackedBlock,
  })
}

async function unpackBlock(
  stream: Uint8Array,
  { file, at }: { file: string; at: number },
): Promise<Uint8Array> {
  try {
    return await unpackBzip2(stream, usualBlock).catch(async () => unpackBzip2(stream, largestBlock))
  } catch (error) {
    throw damaged(file, at, 'a block is damaged', error)
  }
}

function isSame(a: BitMark, b: BitMark): boolean {
  return a.upper === b.upper && a.lower === b.lower
}

/** Streams follow each other at once; zeros at the end are padding, anything else is damage. */
async function startsAnother(cursor: SourceCursor, file: string): Promise<boolean> {
  for (;;) {
    const bytes = await cursor.peek(4096)
    if (bytes.length === 0) return false
    const first = bytes.findIndex((byte) => byte !== 0)
    if (first === 0) {
      if (String.fromCharCode(...bytes.subarray(0, 3)) === 'BZh') return true
      throw damaged(file, cursor.at, 'what follows the end of a stream is none')
    }
    cursor.seek(cursor.at + (first === -1 ? bytes.length : first))
  }
}
