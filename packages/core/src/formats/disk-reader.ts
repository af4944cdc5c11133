import type { ByteRange } from '../binary/byte-source.ts'
import type { Extent } from '../extent/extent.ts'

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
}
