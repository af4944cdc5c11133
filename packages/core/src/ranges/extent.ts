import type { ByteRange } from './byte-range.ts'

/** `absent`: this layer says nothing, ask the parent. `zero`: this layer says zeros, do not ask. */
export type ExtentContent = 'absent' | 'zero' | 'data'

/** A run of bytes of one kind. Lists of extents are in order, without gaps or overlaps. */
export interface Extent {
  readonly start: number
  readonly length: number
  readonly content: ExtentContent
}

/** Joins neighbours of the same content; empty extents vanish. */
export function* mergeExtents(extents: Iterable<Extent>): Generator<Extent> {
  let open = null as Extent | null
  for (const extent of extents) {
    if (extent.length === 0) continue
    if (open && open.content === extent.content && open.start + open.length === extent.start) {
      open = { ...open, length: open.length + extent.length }
      continue
    }
    if (open) yield open
    open = extent
  }
  if (open) yield open
}

/** Joins neighbours of the same content as they come; empty extents vanish. */
export async function* mergeExtentStream(extents: AsyncIterable<Extent>): AsyncGenerator<Extent> {
  let open = null as Extent | null
  for await (const extent of extents) {
    if (extent.length === 0) continue
    if (open && open.content === extent.content && open.start + open.length === extent.start) {
      open = { ...open, length: open.length + extent.length }
      continue
    }
    if (open) yield open
    open = extent
  }
  if (open) yield open
}

/** The part of `extent` inside `range`, or null when they do not meet. */
export function clipExtent(extent: Extent, range: ByteRange): Extent | null {
  const start = Math.max(extent.start, range.start)
  const end = Math.min(extent.start + extent.length, range.end)
  return start < end ? { start, length: end - start, content: extent.content } : null
}
