import type { ByteRange } from '@varve/core/ranges/byte-range'
import { bringZeroTest } from '@varve/core/binary/zero-scan'
import { chunkSize } from '@varve/core/digest/disk-digest'

const zeros = Buffer.alloc(chunkSize)

/** Whether at most 4 MiB are all zero: five times faster than what core does without Node. */
export function isZeroChunk(bytes: Uint8Array): boolean {
  return areZeros(bytes, { start: 0, end: bytes.length })
}

function areZeros(bytes: Uint8Array, { start, end }: ByteRange): boolean {
  for (let at = start; at < end; at += chunkSize) {
    const stop = Math.min(end, at + chunkSize)
    if (zeros.compare(bytes, at, stop, 0, stop - at) !== 0) return false
  }
  return true
}

bringZeroTest(areZeros)

/** A buffer of 4 MiB of zeros; not to be written to. */
export const zeroChunk: Uint8Array = zeros
