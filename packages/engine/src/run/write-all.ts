import { writeSync } from 'node:fs'
import type { FileWrite } from '@varve/core/image/disk-writer'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import { writeError } from '../system/system-error.ts'

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

/** Does a write without copying its bytes; false when it did not. */
export type ShareWrite = (target: WriteTarget, write: FileWrite) => boolean

/**
 * Writes all of each to its place in its file; blocks the thread. Throws `no-space` and the like. Gives the bytes that
 * were shared.
 */
export function writeAll(
  targets: readonly WriteTarget[],
  writes: Iterable<FileWrite>,
  share?: ShareWrite,
): number {
  let shared = 0
  for (const write of writes) {
    const { at, bytes, file } = write
    const target = fileOf(targets, file)
    const { fd, name, allocates } = target
    try {
      if (share?.(target, write)) {
        shared += bytes.length
        continue
      }
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
  return shared
}

/** The file that a write names. */
export function fileOf<T>(files: readonly T[], index = 0): T {
  const file = files[index]
  if (file !== undefined) return file
  throw new RangeError(`there is no part ${index}`)
}
