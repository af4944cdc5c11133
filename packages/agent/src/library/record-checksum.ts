import { createHash } from 'node:crypto'
import type { ImageRecord } from '@varve/protocol/images'

/** A record as it is sent, with its length in bytes as JSON. */
export interface Measured {
  readonly record: ImageRecord & { readonly checksum: number }
  readonly bytes: number
}

/** The record with a checksum of all it says, from 1 to 2^48. */
export function withChecksum(record: ImageRecord): Measured {
  const text = JSON.stringify(record)
  const hash = createHash('sha256').update(text).digest()
  return { record: { ...record, checksum: hash.readUIntBE(0, 6) + 1 }, bytes: Buffer.byteLength(text) }
}

/** The exclusive or of checksums, which does not depend on their order. */
export function digestOf(checksums: Iterable<number>): number {
  let [high, low] = [0, 0]
  for (const checksum of checksums) {
    high ^= Math.floor(checksum / half)
    low ^= checksum % half
  }
  return high * half + low
}

/** Bits are combined in two halves, because numbers of JavaScript have 32 of them. */
const half = 2 ** 26
