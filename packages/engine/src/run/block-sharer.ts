import type { DiskReader } from '@varve/core/disk/disk-reader'
import type { FileWrite } from '@varve/core/image/disk-writer'
import type { FileRanges } from '../file-ranges/file-ranges.ts'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import { descriptorOf } from '../files/file-source.ts'
import type { WriteTarget } from './write-all.ts'

/** Blocks of every filesystem that shares them are a multiple or a fraction of this. */
const block = 4096
/** Bytes from which on sharing costs less than a copy. */
const smallestShared = 64 * 1024

/** A chunk that was read from a disk. */
export interface ReadChunk {
  /** Byte of the disk where it starts. */
  readonly start: number
  readonly bytes: Uint8Array
}

/**
 * Lets a new image share blocks with the files that the disk is read from, instead of holding a copy (reflink): where bytes
 * of the chunk are to be written that stand in such a file as they are, on the same filesystem, one that can do it.
 */
export class BlockSharer {
  readonly #disk: DiskReader
  readonly #ranges: FileRanges
  /** A filesystem that refused once is not asked again. */
  readonly #refused = new Set<string>()

  constructor(disk: DiskReader, ranges: FileRanges = hostFileRanges()) {
    this.#disk = disk
    this.#ranges = ranges
  }

  /** Whether the target has the bytes of this write now; else they are to be written. */
  share({ fd }: WriteTarget, { at, bytes }: FileWrite, chunk: ReadChunk): boolean {
    const { length } = bytes
    const isOfChunk = bytes.buffer === chunk.bytes.buffer && bytes.byteOffset >= chunk.bytes.byteOffset
    if (!isOfChunk || length < smallestShared || length % block !== 0 || at % block !== 0) return false
    const start = chunk.start + bytes.byteOffset - chunk.bytes.byteOffset
    const stored = this.#disk.storedAt?.(start)
    if (!stored || stored.length < length || stored.at % block !== 0) return false
    const sourceFd = descriptorOf(stored.source)
    if (sourceFd === null || this.#refused.has(`${sourceFd} ${fd}`)) return false
    const isShared = this.#ranges.cloneRange({
      sourceFd,
      sourceAt: stored.at,
      targetFd: fd,
      targetAt: at,
      length,
    })
    if (!isShared) this.#refused.add(`${sourceFd} ${fd}`)
    return isShared
  }
}
