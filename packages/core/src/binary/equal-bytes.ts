import type { ByteRange } from '../ranges/byte-range.ts'

/** Whether `a` and `b` hold the same bytes in `range`; compares words where both lie alike in memory. */
export function equalBytes(a: Uint8Array, b: Uint8Array, { start, end }: ByteRange): boolean {
  if (end > a.length || end > b.length) throw new RangeError(`bytes ${start} to ${end} are not in both`)
  const misplaced = (a.byteOffset + start) % 4
  if (misplaced !== (b.byteOffset + start) % 4) return areEqual(a, b, { start, end })
  const wordsStart = Math.min(end, start + ((4 - misplaced) % 4))
  const count = Math.floor((end - wordsStart) / 4)
  if (!areEqual(a, b, { start, end: wordsStart })) return false
  if (!areEqual(a, b, { start: wordsStart + count * 4, end })) return false
  const wordsOf = (bytes: Uint8Array) => new Uint32Array(bytes.buffer, bytes.byteOffset + wordsStart, count)
  return count === 0 || areEqual(wordsOf(a), wordsOf(b), { start: 0, end: count })
}

type Numbers = Uint8Array | Uint32Array

function areEqual(a: Numbers, b: Numbers, { start, end }: ByteRange): boolean {
  for (let i = start; i < end; i += 1) if (a[i] !== b[i]) return false
  return true
}
