import { chunkSize } from '@varve/core/digest/disk-digest'

const zeros = Buffer.alloc(chunkSize)

/** Whether at most 4 MiB are all zero. */
export function isZeroChunk(bytes: Uint8Array): boolean {
  return zeros.compare(bytes, 0, bytes.length, 0, bytes.length) === 0
}

/** A buffer of 4 MiB of zeros; not to be written to. */
export const zeroChunk: Uint8Array = zeros
