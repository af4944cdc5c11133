import type { ByteRange } from '../ranges/byte-range.ts'

/** Whether all bytes of a part are zero. */
export type ZeroTest = (bytes: Uint8Array, range: ByteRange) => boolean

/** How parts that look like zeros are tested in full. */
let testAll: ZeroTest = wordsAndBytesAreZero

/** Takes over a test that is faster than ours: each platform brings its own when it is loaded, as it brings its hashing. */
export function bringZeroTest(test: ZeroTest): void {
  testAll = test
}

/** Whether every byte of `range` (by default of all) is zero. */
export function isZero(bytes: Uint8Array, range: ByteRange = { start: 0, end: bytes.length }): boolean {
  const { start, end } = range
  if (start >= end) return true
  if (bytes[start] !== 0 || bytes[end - 1] !== 0 || bytes[(start + end) >>> 1] !== 0) return false
  return testAll(bytes, range)
}

/** Compares words, so aligned memory is fastest. */
function wordsAndBytesAreZero(bytes: Uint8Array, { start, end }: ByteRange): boolean {
  const first = bytes.byteOffset + start
  const wordsStart = start + ((4 - (first % 4)) % 4)
  const wordCount = Math.max(0, Math.floor((end - wordsStart) / 4))
  if (wordCount === 0) return bytesAreZero(bytes, start, end)
  return (
    bytesAreZero(bytes, start, wordsStart) &&
    wordsAreZero(new Uint32Array(bytes.buffer, bytes.byteOffset + wordsStart, wordCount)) &&
    bytesAreZero(bytes, wordsStart + wordCount * 4, end)
  )
}

/**
 * The runs of blocks of `blockSize` bytes that are not all zero, counted from the start of `bytes`: start, end, start, end
 * … The last block may be short.
 */
export function dataRuns(bytes: Uint8Array, blockSize: number): number[] {
  const runs: number[] = []
  let wasData = false
  for (let start = 0; start < bytes.length; start += blockSize) {
    // Most blocks of data begin with data: that is seen without a call.
    const isData =
      bytes[start] !== 0 || !isZero(bytes, { start, end: Math.min(bytes.length, start + blockSize) })
    if (isData !== wasData) runs.push(start)
    wasData = isData
  }
  if (wasData) runs.push(bytes.length)
  return runs
}

function bytesAreZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) if (bytes[i] !== 0) return false
  return true
}

function wordsAreZero(words: Uint32Array): boolean {
  const blocksEnd = words.length - (words.length % 8)
  for (let i = 0; i < blocksEnd; i += 8) {
    const any =
      at(words, i) |
      at(words, i + 1) |
      at(words, i + 2) |
      at(words, i + 3) |
      at(words, i + 4) |
      at(words, i + 5) |
      at(words, i + 6) |
      at(words, i + 7)
    if (any !== 0) return false
  }
  for (let i = blocksEnd; i < words.length; i += 1) if (words[i] !== 0) return false
  return true
}

function at(words: Uint32Array, index: number): number {
  return words[index] ?? 0
}
