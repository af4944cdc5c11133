import { countBefore } from '../../binary/bisect.ts'
import { assertInside, type ByteSource } from '../../binary/byte-source.ts'
import type { LogWrite } from './log-entry.ts'

/** Bytes `start` to `end` of one write; segments are in order and do not overlap. */
interface Segment {
  readonly start: number
  readonly end: number
  readonly write: LogWrite
}

/**
 * `source` with `writes` on top, later ones over earlier ones; at least `minSize` bytes long. What neither has is zero.
 * Memory grows with the number of writes, not with their lengths.
 */
export function patchedSource(source: ByteSource, writes: readonly LogWrite[], minSize: number): ByteSource {
  const dataEnd = writes.reduce((end, write) => (write.sector ? Math.max(end, write.end) : end), 0)
  const size = Math.max(source.size, minSize, dataEnd)
  const segments = segmentsOf(writes)
  const patched: ByteSource = {
    name: source.name,
    size,
    async readInto(target, at) {
      const end = at + target.length
      assertInside(patched, { start: at, end }, 'data')
      const inSource = Math.max(0, Math.min(target.length, source.size - at))
      if (inSource > 0) await source.readInto(target.subarray(0, inSource), at)
      target.fill(0, inSource)
      for (let index = firstEndingAfter(segments, at); index < segments.length; index += 1) {
        const segment = segments[index]
        if (!segment || segment.start >= end) break
        const from = Math.max(at, segment.start)
        const to = Math.min(end, segment.end)
        const { sector, start } = segment.write
        if (sector) target.set(sector.subarray(from - start, to - start), from - at)
        else target.fill(0, from - at, to - at)
      }
    },
    async *extents(range) {
      const { start, end } = range
      if (start >= end) return
      const next = segments[firstEndingAfter(segments, start)]
      const isUntouched = end <= source.size && (next === undefined || next.start >= end)
      if (isUntouched) yield* source.extents(range)
      else yield { start, length: end - start, content: 'data' }
    },
  }
  return patched
}

/** The parts of each write that no later one covers: the edges are cut points, and the last write paints first. */
function segmentsOf(writes: readonly LogWrite[]): readonly Segment[] {
  const edges = Float64Array.from(new Set(writes.flatMap(({ start, end }) => [start, end]))).sort()
  const indexOf = new Map<number, number>()
  for (const [index, edge] of edges.entries()) indexOf.set(edge, index)
  // Per cut the first cut at or after it that is not painted yet.
  const unpainted = Int32Array.from({ length: edges.length + 1 }, (_, index) => index)
  const find = (index: number): number => {
    let root = index
    while (unpainted[root] !== root) root = unpainted[root] ?? root
    for (let at = index; at !== root;) {
      const next = unpainted[at] ?? root
      unpainted[at] = root
      at = next
    }
    return root
  }
  const painted: Segment[] = []
  for (const write of writes.toReversed()) {
    const last = indexOf.get(write.end) ?? 0
    for (let index = find(indexOf.get(write.start) ?? 0); index < last; index = find(index)) {
      painted.push({ start: edges[index] ?? 0, end: edges[index + 1] ?? 0, write })
      unpainted[index] = index + 1
    }
  }
  return painted.sort((a, b) => a.start - b.start)
}

/** Index of the first segment that ends after `at`. */
function firstEndingAfter(segments: readonly Segment[], at: number): number {
  return countBefore(segments.length, (index) => (segments[index]?.end ?? 0) <= at)
}
