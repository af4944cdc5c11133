import type { DiskReader } from '../disk/disk-reader.ts'
import { DiskError } from '../problems/disk-error.ts'

/** Bytes at a place of a disk that is zero elsewhere. */
export interface Patch {
  readonly at: number
  readonly bytes: Uint8Array
}

/** A disk of any size in memory, with a count of what was read from it. */
export interface SparseDisk extends DiskReader {
  readonly reads: { calls: number; bytes: number }
}

/** A disk of `virtualSize` bytes that holds the patches, later ones on top, and says `data` for each of them. */
export function sparseDisk(virtualSize: number, patches: readonly Patch[], name = 'disk.img'): SparseDisk {
  const reads = { calls: 0, bytes: 0 }
  return {
    name,
    virtualSize,
    reads,
    async readInto(target, at) {
      if (at < 0 || at + target.length > virtualSize) {
        throw new DiskError('out-of-range', {
          file: name,
          start: at,
          end: at + target.length,
          size: virtualSize,
        })
      }
      reads.calls += 1
      reads.bytes += target.length
      target.fill(0)
      for (const patch of patches) {
        const from = Math.max(at, patch.at)
        const to = Math.min(at + target.length, patch.at + patch.bytes.length)
        if (from < to) target.set(patch.bytes.subarray(from - patch.at, to - patch.at), from - at)
      }
    },
    async *extents({ start, end }) {
      const edges = patches
        .flatMap(({ at, bytes }) => [at, at + bytes.length])
        .filter((at) => at > start && at < end)
      const cuts = [start, ...edges.toSorted((a, b) => a - b), end]
      for (const [index, from] of cuts.entries()) {
        const to = cuts[index + 1]
        if (to === undefined || to === from) continue
        const isData = patches.some(({ at, bytes }) => at <= from && from < at + bytes.length)
        yield { start: from, length: to - from, content: isData ? 'data' : 'absent' }
      }
    },
  }
}
