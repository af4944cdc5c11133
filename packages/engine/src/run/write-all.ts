import { writeSync } from 'node:fs'
import type { FileWrite } from '@varve/core/formats/disk-writer'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import { writeError } from '../files/system-error.ts'

export interface WriteTarget {
  readonly fd: number
  readonly name: string
  /** Whether blocks are allocated before they are written to, because that is faster. */
  readonly allocates: boolean
}

/**
 * Bytes per call, at most. A filesystem takes larger memory pages for larger writes, and the largest are dear where they
 * have to be made or, in a guest, fetched from the host first: writes of 1 MiB were measured at a quarter of the speed.
 */
const largestWrite = 256 * 1024
/** Bytes from which on a write is worth a call that allocates its blocks. */
const smallestAllocated = 128 * 1024

/** Writes all of each to its place in its file; blocks the thread. Throws `no-space` and the like. */
export function writeAll(targets: readonly WriteTarget[], writes: Iterable<FileWrite>): void {
  for (const { at, bytes, file } of writes) {
    const { fd, name, allocates } = fileOf(targets, file)
    try {
      if (allocates && bytes.length >= smallestAllocated) {
        hostFileRanges().allocate(fd, { start: at, end: at + bytes.length })
      }
      for (let written = 0; written < bytes.length;) {
        const length = Math.min(largestWrite, bytes.length - written)
        written += writeSync(fd, bytes, written, length, at + written)
      }
    } catch (error) {
      throw writeError(error, name)
    }
  }
}

/** The file that a write names. */
export function fileOf<T>(files: readonly T[], index = 0): T {
  const file = files[index]
  if (file !== undefined) return file
  throw new RangeError(`there is no part ${index}`)
}
