/**
 * Apple Data Compression, up to `size` bytes: literals (1xxxxxxx, then the bytes), matches of three bytes (01xxxxxx and
 * two of distance) and of two (00llllxx and one of distance). Throws RangeError for what leaves the input or `size`.
 */
export function decodeAdc(packed: Uint8Array, size: number): Uint8Array {
  const target = new Uint8Array(size)
  let at = 0
  let done = 0
  const next = (): number => {
    const byte = packed[at]
    if (byte === undefined) throw new RangeError('the packed data ends inside a code')
    at += 1
    return byte
  }
  while (at < packed.length && done < size) {
    const code = next()
    if (code >= 0x80) {
      const length = (code & 0x7f) + 1
      if (at + length > packed.length) throw new RangeError('the packed data ends inside its literals')
      if (done + length > size) throw new RangeError(`more than ${size} bytes`)
      target.set(packed.subarray(at, at + length), done)
      at += length
      done += length
      continue
    }
    const isLong = code >= 0x40
    const length = isLong ? (code & 0x3f) + 4 : (code >> 2) + 3
    const distance = 1 + (isLong ? (next() << 8) | next() : ((code & 3) << 8) | next())
    if (distance > done) throw new RangeError('a match starts before the data')
    if (done + length > size) throw new RangeError(`more than ${size} bytes`)
    // Byte by byte: a match may reach into what it writes.
    for (const end = done + length; done < end; done += 1) target[done] = target[done - distance] ?? 0
  }
  return target.subarray(0, done)
}
