import type { ByteRange } from '@varve/core/ranges/byte-range'
import type { Extent } from '@varve/core/ranges/extent'
import type { ReadOptions } from '@varve/core/disk/disk-reader'

/** A disk that a server offers. Ranges were checked before any of these is called. */
export interface NbdExport {
  /** Bytes. */
  readonly size: number
  /** For people who list or inspect the export; null: none. */
  readonly description: string | null
  /** Fills all of `target` from byte `at`. */
  readInto(target: Uint8Array, at: number, options?: ReadOptions): Promise<void>
  /** The extents of `range`, in order, without gaps. */
  extents(range: ByteRange, options?: ReadOptions): AsyncIterable<Extent>
  /** Null: the export is read-only, and writes are refused with EPERM. */
  readonly writer: NbdWriter | null
}

export interface NbdWriter {
  write(bytes: Uint8Array, at: number): Promise<void>
  /** Resolves when what was written is durable. */
  flush(): Promise<void>
}
