/** A range of a disk and what is the case there. */
export interface KindRange<Kind extends string> {
  readonly start: number
  readonly length: number
  readonly kind: Kind
}

/** Neighbouring cells of one kind; `left` and `width` are shares of the disk. */
export interface Cells<Kind extends string> {
  readonly kind: Kind
  readonly left: number
  readonly width: number
}

/**
 * The ranges drawn in at most `count` equal cells over a disk of `size` bytes, neighbours of one kind together. A cell shows the
 * first of `order` of which it holds anything, so that little is not lost beside much.
 */
export function rangesToCells<Kind extends string>(
  ranges: readonly KindRange<Kind>[],
  {
    size,
    order,
    count = 400,
  }: { readonly size: number; readonly order: readonly Kind[]; readonly count?: number },
): Cells<Kind>[] {
  if (size <= 0) return []
  const cellSize = size / count
  const ranks = Array.from({ length: count }, () => order.length)
  for (const { start, length, kind } of ranges) {
    const rank = order.indexOf(kind)
    if (rank < 0 || length <= 0) continue
    const last = Math.min(count - 1, Math.ceil((start + length) / cellSize) - 1)
    for (let cell = Math.max(0, Math.floor(start / cellSize)); cell <= last; cell += 1)
      ranks[cell] = Math.min(ranks[cell] ?? order.length, rank)
  }
  const drawn: Cells<Kind>[] = []
  ranks.forEach((rank, cell) => {
    const kind = order[rank]
    if (kind === undefined) return
    const before = drawn.at(-1)
    const isNext = before?.kind === kind && ranks[cell - 1] === rank
    if (before && isNext) drawn[drawn.length - 1] = { ...before, width: before.width + 1 / count }
    else drawn.push({ kind, left: cell / count, width: 1 / count })
  })
  return drawn
}
