import type { ByteRange } from '../ranges/byte-range.ts'
import type { Compressors } from './image-files.ts'
import type { WriteChoices } from './image-choices.ts'

/** Bytes for one place of the target file. */
export interface FileWrite {
  readonly at: number
  readonly bytes: Uint8Array
  /** 0, or not said: the image itself; `n`: the nth of the format's `parts`. */
  readonly file?: number
}

export interface DiskWriterOptions {
  readonly virtualSize: number
  readonly compression: 'none' | 'zlib' | 'zstd'
  readonly compressors: Compressors
  /** One of the format's kinds, such as `fixed`; its usual one when not said. */
  readonly subformat?: string | undefined
  /** Throws `refused` when the format does not offer them, or not together. */
  readonly choices?: WriteChoices | undefined
  /** A UUID from which the identities in the image are made: the same input, options and id give the same bytes. */
  readonly id: string
  /** Name that the image will have, without its folder, for formats that write it down. */
  readonly name?: string | undefined
  /** Memory that all threads share; at least what `stateSize` says, zeroed at the start. */
  readonly state: ArrayBufferLike
}

/** Room of the file that is taken before any data comes: its blocks reserved, or written with zeros. */
export interface Reservation {
  readonly at: number
  readonly length: number
  readonly how: 'allocate' | 'zeros'
  /** As in `FileWrite`. */
  readonly file?: number
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
  /** What to do before any chunk is written; not there: nothing. */
  reserve?(): Iterable<Reservation>
  /**
   * Keeps hold of `chunk`, which must not change until its `writes` are done. `below`: what the backing file has there, as
   * long as the chunk; not given: zeros. Over a backing file a chunk of zeros is given too, unless zeros lie below it.
   */
  prepare(index: number, chunk: Uint8Array, below?: Uint8Array): PreparedChunk
  place(prepared: PreparedChunk): void
  /** The place of a chunk follows from its index alone: `place` may be called in any order, by several threads at once. */
  readonly placesAreFixed?: boolean
  /** To be taken once. The bytes of each are good until the next one is taken. */
  writes(prepared: PreparedChunk): Iterable<FileWrite>
  /** Tables and, as the very last write, the header that makes it an image. */
  finish(): Iterable<FileWrite>
  /** Bytes of the finished image, or of its nth part; valid after `finish`. */
  fileSize(file?: number): number
  /** For an image that holds digests of itself: asked once all writes of `finish` are done. */
  readonly seal?: Seal
}

/** Digests of parts of an image that are written into it. */
export interface Seal {
  /** Whose SHA-256 is wanted: ranges of the image itself. */
  ranges(): readonly ByteRange[]
  /** The last writes of all, from the digests in lower-case hexadecimal, in the order of `ranges`. */
  writes(sha256: readonly string[]): Iterable<FileWrite>
}

export interface WriterFormat {
  readonly format: string
  /** Bytes of which the format allocates whole ones: what `measure` counts data in. */
  readonly unit: number
  /** Whether an image holds identities, which are made from `id`. */
  readonly hasIdentity: boolean
  /** Throws `size-unsupported` for disks that the format cannot hold. Bytes of shared state. */
  stateSize(options: Pick<DiskWriterOptions, 'virtualSize' | 'compression' | 'subformat' | 'choices'>): number
  open(options: DiskWriterOptions): DiskWriter
  /** Names of the further files of an image of that name, which lie beside it or in folders there; not there: there are none. */
  parts?(options: Pick<DiskWriterOptions, 'virtualSize' | 'subformat' | 'name' | 'id'>): readonly string[]
  /** Upper bound of the size of an image, with its parts, that holds `dataBytes` of data, counted in whole units. */
  measure(options: {
    readonly virtualSize: number
    readonly dataBytes: number
    readonly compression: string
    readonly subformat?: string | undefined
    readonly choices?: WriteChoices | undefined
  }): number
}
