import type { Compressors } from './image-files.ts'

/** Bytes for one place of the target file. */
export interface FileWrite {
  readonly at: number
  readonly bytes: Uint8Array
}

export interface DiskWriterOptions {
  readonly virtualSize: number
  readonly compression: 'none' | 'zlib' | 'zstd'
  readonly compressors: Compressors
  /** One of the format's kinds, such as `fixed`; its usual one when not said. */
  readonly subformat?: string | undefined
  /** A UUID from which the identities in the image are made: the same input, options and id give the same bytes. */
  readonly id: string
  /** Memory that all threads share; at least what `stateSize` says, zeroed at the start. */
  readonly state: ArrayBufferLike
}

/** A chunk between its stages; each writer has its own shape. */
export interface PreparedChunk {
  readonly index: number
}

/**
 * Writes one disk by several threads. Each thread makes its own writer over the same shared `state`.
 * A chunk is the 4 MiB of the disk digest. Per chunk that holds data: `prepare` (any thread, any order: finds zeros,
 * compresses), then `place` (one thread at a time, in rising order of chunks: takes room in the file, so that the same
 * input gives the same bytes), then `writes` (any order). Chunks of zeros are never given. `finish` comes last, once.
 * Places of the file that are never written are holes and read as zeros.
 */
export interface DiskWriter {
  /** Keeps hold of `chunk`, which must not change until its `writes` are done. */
  prepare(index: number, chunk: Uint8Array): PreparedChunk
  place(prepared: PreparedChunk): void
  /** To be taken once. The bytes of each are good until the next one is taken. */
  writes(prepared: PreparedChunk): Iterable<FileWrite>
  /** Tables and, as the very last write, the header that makes it an image. */
  finish(): Iterable<FileWrite>
  /** Bytes of the finished file; valid after `finish`. */
  fileSize(): number
}

export interface WriterFormat {
  readonly format: string
  /** Bytes of which the format allocates whole ones: what `measure` counts data in. */
  readonly unit: number
  /** Throws `size-unsupported` for disks that the format cannot hold. Bytes of shared state. */
  stateSize(options: Pick<DiskWriterOptions, 'virtualSize' | 'compression' | 'subformat'>): number
  open(options: DiskWriterOptions): DiskWriter
  /** Upper bound of the size of a file that holds `dataBytes` of data, counted in whole units. */
  measure(options: {
    readonly virtualSize: number
    readonly dataBytes: number
    readonly compression: string
    readonly subformat?: string | undefined
  }): number
}
