import { writeSync } from 'node:fs'
import type { FileWrite } from '@varve/core/formats/disk-writer'
import { writeError } from '../files/system-error.ts'

export interface WriteTarget {
  readonly fd: number
  readonly name: string
}

/**
 * Bytes per call, at most. A filesystem takes larger memory pages for larger writes, and the largest are dear where they
 * have to be made or, in a guest, fetched from the host first: writes of 4 MiB were measured at a third of the speed.
 */
const largestWrite = 1024 * 1024

/** Writes all of each to its place in its file; blocks the thread. Throws `no-space` and the like. */
export function writeAll(targets: readonly WriteTarget[], writes: Iterable<FileWrite>): void {
  for (const { at, bytes, file } of writes) {
    const { fd, name } = fileOf(targets, file)
    let written = 0
    while (written < bytes.length) {
      try {
        written += writeSync(fd, bytes, written, Math.min(largestWrite, bytes.length - written), at + written)
      } catch (error) {
        throw writeError(error, name)
      }
    }
  }
}

/** The file that a write names. */
export function fileOf<T>(files: readonly T[], index = 0): T {
  const file = files[index]
  if (file !== undefined) return file
  throw new RangeError(`there is no part ${index}`)
}
