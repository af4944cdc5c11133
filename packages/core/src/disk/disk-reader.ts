import type { ByteSource } from '../binary/byte-source.ts'
import type { ByteRange } from '../ranges/byte-range.ts'
import type { Extent } from '../ranges/extent.ts'

export interface ReadOptions {
  readonly signal?: AbortSignal
}

/**
 * The L3 byte stream of one layer or of a whole chain.
 * In one layer `absent` means "ask the parent"; over a whole chain it means that no layer says anything. Both read as zeros.
 */
export interface DiskReader {
  /** What to call it in messages. */
  readonly name: string
  readonly virtualSize: number
  /** The extents of `range`, in order, without gaps, clipped to it; memory does not grow with the range. */
  extents(range: ByteRange, options?: ReadOptions): AsyncIterable<Extent>
  /** Fills all of `target` from byte `at` of the disk; throws `out-of-range` past its end. */
  readInto(target: Uint8Array, at: number, options?: ReadOptions): Promise<void>
  /** Where the bytes from `at` on stand in a file just as the guest sees them; null: nowhere. Not there: nowhere at all. */
  storedAt?(at: number): StoredRun | null
}

/** Bytes of a file that are bytes of the disk. */
export interface StoredRun {
  /** The whole file, not a part of it. */
  readonly source: ByteSource
  readonly at: number
  readonly length: number
}
