import type { ByteRange } from './byte-range.ts'
import { clipExtent, mergeExtentStream, type Extent } from './extent.ts'

/** The layer below, as the overlay asks for it: `extents` is called only for what the child leaves absent. */
export interface ParentExtents {
  readonly size: number
  extents(range: ByteRange): AsyncIterable<Extent>
}

/**
 * The extents of a child over its parent: where the child is absent the parent answers, past the parent's end nobody
 * does (`absent`). In order, without gaps, neighbours of the same content joined.
 */
export function overlayExtents(child: AsyncIterable<Extent>, parent: ParentExtents): AsyncIterable<Extent> {
  return mergeExtentStream(answered(mergeExtentStream(child), parent))
}

async function* answered(child: AsyncIterable<Extent>, parent: ParentExtents): AsyncGenerator<Extent> {
  for await (const extent of child) {
    if (extent.content !== 'absent') {
      yield extent
      continue
    }
    const end = extent.start + extent.length
    const inParent = Math.max(extent.start, Math.min(end, parent.size))
    if (extent.start < inParent) yield* parent.extents({ start: extent.start, end: inParent })
    if (inParent < end) yield { start: inParent, length: end - inParent, content: 'absent' }
  }
}

/** The parts of `extents` inside `range`. */
export async function* clipExtentStream(
  extents: AsyncIterable<Extent>,
  range: ByteRange,
): AsyncGenerator<Extent> {
  for await (const extent of extents) {
    const clipped = clipExtent(extent, range)
    if (clipped) yield clipped
    if (extent.start >= range.end) return
  }
}
