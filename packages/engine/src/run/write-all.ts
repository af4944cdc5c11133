import { writeSync } from 'node:fs'
import type { FileWrite } from '@varve/core/image/disk-writer'
import type { ByteRange } from '@varve/core/ranges/byte-range'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import { writeError } from '../system/system-error.ts'

export interface WriteTarget {
  readonly fd: number
  readonly name: string
  /** Whether blocks are allocated before they are written to, because that is faster. */
  readonly allocates: boolean
  /** Whether what was written goes to the medium at once, so that the sync at the end finds little left to do. */
  readonly writesBehind: boolean
}

/**
 * Bytes per call, at most. A filesystem takes larger memory pages for larger writes, and the largest are dear where they
 * have to be made or, in a guest, fetched from the host first: writes of 1 MiB were measured at a quarter of the speed.
 */
const largestWrite = 256 * 1024
/** Bytes from which on a write is worth a call that allocates its blocks. */
const smallestAllocated = 128 * 1024

export interface Written {
  readonly sharedBytes: number
  /** What is to go to the medium at once. */
  readonly behind: ReadonlyMap<WriteTarget, ByteRange>
}

/** Does a write without copying its bytes; false when it did not. */
export type ShareWrite = (target: WriteTarget, write: FileWrite) => boolean

/**
 * Writes all of each to its place in its file; blocks the thread. Throws `no-space` and the like.
 */
export function writeAll(
  targets: readonly WriteTarget[],
  writes: Iterable<FileWrite>,
  share?: ShareWrite,
): Written {
  let sharedBytes = 0
  const behind = new Map<WriteTarget, ByteRange>()
  for (const write of writes) {
    const { at, bytes, file } = write
    const target = fileOf(targets, file)
    const { fd, name, allocates } = target
    try {
      if (share?.(target, write)) {
        sharedBytes += bytes.length
        continue
      }
      if (allocates && bytes.length >= smallestAllocated) {
        hostFileRanges().allocate(fd, { start: at, end: at + bytes.length })
      }
      for (let done = 0; done < bytes.length;) {
        const length = Math.min(largestWrite, bytes.length - done)
        done += writeSync(fd, bytes, done, length, at + done)
      }
      if (target.writesBehind) behind.set(target, covering(behind.get(target), at, at + bytes.length))
    } catch (error) {
      throw writeError(error, name)
    }
  }
  return { sharedBytes, behind }
}

/** Has it go to the medium; blocks only while that takes nothing more. Throws `no-space`, `input-output`. */
export function writeBehind({ behind }: Written): void {
  for (const [{ fd, name }, range] of behind) {
    try {
      hostFileRanges().startWriting(fd, range)
    } catch (error) {
      throw writeError(error, name)
    }
  }
}

function covering(range: ByteRange | undefined, start: number, end: number): ByteRange {
  return range ? { start: Math.min(range.start, start), end: Math.max(range.end, end) } : { start, end }
}

/** The file that a write names. */
export function fileOf<T>(files: readonly T[], index = 0): T {
  const file = files[index]
  if (file !== undefined) return file
  throw new RangeError(`there is no part ${index}`)
}
