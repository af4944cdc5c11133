/**
 * LZVN, which LZFSE uses for short inputs (Apple's `lzvn_decode_base.c` is its only description). A code says how many
 * literals follow it (L), how many bytes are copied from what is written (M), and from how far back (D):
 *
 *     LLMMMDDD dddddddd            small distance    1110LLLL            literals only
 *     101LLMMM DDDDDDMM DDDDDDDD   medium distance   11100000 LLLLLLLL   16 to 271 literals
 *     LLMMM111 DDDDDDDD DDDDDDDD   large distance    1111MMMM            match only, distance as before
 *     LLMMM110                     as before         11110000 MMMMMMMM   16 to 271 bytes
 *     00000110 (end), 00001110 and 00010110 (nothing)
 */

/** A code, decoded: `size` bytes long without its literals; `distance` 0: the last one again. */
interface LzvnCode {
  size: number
  literals: number
  match: number
  distance: number
}

const endCode = 0x06
/** The end is its code and seven more bytes. */
const endSize = 8

/** Where packed bytes are taken from: never at or behind `end`. */
export interface PackedBytes {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

/** Where unpacked bytes go: from `start` on, never at or behind `end`; matches may reach back to byte 0. */
export interface UnpackedRoom {
  readonly target: Uint8Array
  readonly start: number
  readonly end: number
}

/** Unpacks one LZVN block and returns where its bytes end. Throws RangeError for what is none, or leaves either range. */
export function decodeLzvn({ bytes, start, end }: PackedBytes, room: UnpackedRoom): number {
  const { target } = room
  const code: LzvnCode = { size: 0, literals: 0, match: 0, distance: 0 }
  let at = start
  let done = room.start
  let distance = 0
  for (;;) {
    if (at >= end) throw new RangeError('the packed data ends without its mark')
    if (bytes[at] === endCode) {
      if (at + endSize > end) throw new RangeError('the packed data ends inside its mark')
      return done
    }
    readCode(bytes, at, code)
    const { size, literals, match } = code
    if (at + size + literals > end) throw new RangeError('the packed data ends inside a code')
    if (done + literals + match > room.end) throw new RangeError('more bytes than its header says')
    at += size
    for (let index = 0; index < literals; index += 1) target[done + index] = bytes[at + index] ?? 0
    at += literals
    done += literals
    if (match === 0) continue
    if (code.distance !== 0) ({ distance } = code)
    copyMatch(target, { done, distance, length: match })
    done += match
  }
}

/** Copies byte by byte: a match may reach into what it writes. Throws RangeError when it starts before the data. */
export function copyMatch(
  target: Uint8Array,
  { done, distance, length }: { done: number; distance: number; length: number },
): void {
  if (distance === 0 || distance > done) throw new RangeError('a match starts before the data')
  if (distance >= length) {
    target.copyWithin(done, done - distance, done - distance + length)
    return
  }
  for (let at = done; at < done + length; at += 1) target[at] = target[at - distance] ?? 0
}

function readCode(bytes: Uint8Array, at: number, code: LzvnCode): void {
  const first = bytes[at] ?? 0
  if (first >= 0xe0) return readSingle(bytes, at, code)
  if (first >= 0xa0 && first < 0xc0) {
    const second = bytes[at + 1] ?? 0
    code.size = 3
    code.literals = (first >> 3) & 3
    code.match = (((first & 7) << 2) | (second & 3)) + 3
    code.distance = named((second >> 2) | ((bytes[at + 2] ?? 0) << 6))
    return
  }
  const low = first & 7
  code.literals = first >> 6
  code.match = ((first >> 3) & 7) + 3
  if (low === 7) {
    code.size = 3
    code.distance = named((bytes[at + 1] ?? 0) | ((bytes[at + 2] ?? 0) << 8))
  } else if (low < 6) {
    code.size = 2
    code.distance = named((low << 8) | (bytes[at + 1] ?? 0))
  } else {
    readPrevious(first, code)
  }
  if ((first >= 0x70 && first < 0x80) || first >= 0xd0) throw new RangeError(noCode)
}

const noCode = 'a code of the packed data means nothing'

/** A distance that is written down is never 0, which would copy what is not there yet. */
function named(distance: number): number {
  if (distance === 0) throw new RangeError('a match starts before the data')
  return distance
}

/** LLMMM110: the distance as before, except for those below 64, which copy nothing. */
function readPrevious(first: number, code: LzvnCode): void {
  code.size = 1
  code.distance = 0
  if (first >= 0x40) return
  if (first !== 0x0e && first !== 0x16) throw new RangeError(noCode)
  code.literals = 0
  code.match = 0
}

function readSingle(bytes: Uint8Array, at: number, code: LzvnCode): void {
  const first = bytes[at] ?? 0
  const short = first & 0x0f
  const isLiteral = first < 0xf0
  const length = short === 0 ? (bytes[at + 1] ?? 0) + 16 : short
  code.size = short === 0 ? 2 : 1
  code.literals = isLiteral ? length : 0
  code.match = isLiteral ? 0 : length
  code.distance = 0
}
