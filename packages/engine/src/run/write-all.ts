import { writeSync } from 'node:fs'
import type { FileWrite } from '@varve/core/formats/disk-writer'
import { writeError } from '../files/system-error.ts'

export interface WriteTarget {
  readonly fd: number
  readonly name: string
}

/** Writes all of each to its place; blocks the thread. Throws `no-space` and the like. */
export function writeAll({ fd, name }: WriteTarget, writes: Iterable<FileWrite>): void {
  for (const { at, bytes } of writes) {
    let written = 0
    while (written < bytes.length) {
      try {
        written += writeSync(fd, bytes, written, bytes.length - written, at + written)
      } catch (error) {
        throw writeError(error, name)
      }
    }
  }
}
