/** What unpacking an xz stream takes. */
export interface XzSizes {
  /** Bytes that all its blocks unpack to. */
  readonly unpacked: number
  /** Bytes of the largest dictionary. */
  readonly dictionary: number
}

const magic = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]
const streamHeaderSize = 12
const footerSize = 12
const lzma2Filter = 0x21
/** Bytes of the check behind each block, by its id (xz file format 1.2.1, section 2.1.1.2). */
const checkSizes = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64]

/**
 * Walks the blocks and LZMA2 chunks of one xz stream without unpacking anything: every chunk says how many bytes it
 * becomes. Throws RangeError for what is no such stream, or uses a filter besides LZMA2.
 */
export function xzSizes(bytes: Uint8Array): XzSizes {
  const byteAt = (at: number): number => {
    const byte = bytes[at]
    if (byte === undefined) throw new RangeError('the xz stream is cut short')
    return byte
  }
  if (magic.some((byte, at) => bytes[at] !== byte)) throw new RangeError('it is no xz stream')
  const checkSize = checkSizes[byteAt(7) & 0x0f] ?? 0
  let unpacked = 0
  let dictionary = 0
  let at = streamHeaderSize
  // A block starts with its size; 0 is where the index starts.
  while (byteAt(at) !== 0) {
    const header = bytes.subarray(at, at + (byteAt(at) + 1) * 4)
    dictionary = Math.max(dictionary, dictionaryOf(header))
    const start = at + header.length
    const chunks = chunkSizes(byteAt, start)
    unpacked += chunks.unpacked
    at = start + Math.ceil((chunks.end - start) / 4) * 4 + checkSize
  }
  assertOneStream(bytes, at)
  return { unpacked, dictionary }
}

/** Behind the blocks come the index, whose size the footer tells, and the footer; another stream would not be counted. */
function assertOneStream(bytes: Uint8Array, indexAt: number): void {
  const footerAt = bytes.length - footerSize
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const indexSize = footerAt >= indexAt ? (view.getUint32(footerAt + 4, true) + 1) * 4 : 0
  if (footerAt < indexAt || indexAt + indexSize !== footerAt) {
    throw new RangeError('the xz stream does not end where its index says')
  }
}

function chunkSizes(byteAt: (at: number) => number, start: number): { unpacked: number; end: number } {
  let unpacked = 0
  let at = start
  for (let control = byteAt(at); control !== 0; control = byteAt(at)) {
    const isPacked = control >= 0x80
    if (!isPacked && control > 2) throw new RangeError('a chunk of the xz stream is of no known kind')
    const low = (byteAt(at + 1) << 8) + byteAt(at + 2) + 1
    unpacked += isPacked ? ((control & 0x1f) << 16) + low : low
    if (!isPacked) at += 3 + low
    else at += (control >= 0xc0 ? 6 : 5) + (byteAt(at + 3) << 8) + byteAt(at + 4) + 1
  }
  return { unpacked, end: at + 1 }
}

/** Dictionary size of a block whose only filter is LZMA2. */
function dictionaryOf(header: Uint8Array): number {
  const flags = header[1] ?? 0
  if ((flags & 3) !== 0) throw new RangeError('the xz stream uses a filter besides LZMA2')
  let at = 2
  for (const isPresent of [(flags & 0x40) !== 0, (flags & 0x80) !== 0]) {
    if (!isPresent) continue
    while (((header[at] ?? 0) & 0x80) !== 0) at += 1
    at += 1
  }
  const bits = header[at + 2] ?? 0xff
  if (header[at] !== lzma2Filter || header[at + 1] !== 1 || bits > 40) {
    throw new RangeError('the xz stream uses a filter besides LZMA2')
  }
  return bits === 40 ? 2 ** 32 - 1 : (2 | (bits & 1)) * 2 ** (Math.floor(bits / 2) + 11)
}
