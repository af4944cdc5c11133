import type { DiskReader } from '@varve/core/disk/disk-reader'
import { nodeHashing } from '../system/hashing.ts'
import { isZeroChunk, zeroChunk } from './zero-chunk.ts'

/** Bytes that stay in a processor's second-level cache from being read to being hashed. */
const pieceSize = 512 * 1024

/** The leaf of a whole chunk; null for zeros. */
export function leafOf(chunk: Uint8Array): Uint8Array | null {
  return isZeroChunk(chunk) ? null : nodeHashing.blake3(chunk)
}

/** Fills `target` and gives its leaf, null for zeros. */
export async function readWithLeaf(
  disk: DiskReader,
  target: Uint8Array,
  at: number,
): Promise<Uint8Array | null> {
  let hasher: ReturnType<typeof nodeHashing.startBlake3> | null = null
  for (let start = 0; start < target.length; start += pieceSize) {
    const piece = target.subarray(start, start + pieceSize)
    await disk.readInto(piece, at + start)
    if (hasher === null) {
      if (isZeroChunk(piece)) continue
      hasher = nodeHashing.startBlake3()
      if (start > 0) hasher.update(zeroChunk.subarray(0, start))
    }
    hasher.update(piece)
  }
  return hasher?.digest() ?? null
}
