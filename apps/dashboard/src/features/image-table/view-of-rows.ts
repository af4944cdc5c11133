export interface SeenPart {
  /** How much of the list lies above what is seen, in pixels. */
  readonly top: number
  /** How much of it is seen, in pixels, also behind the head that stays on top. */
  readonly height: number
}

export interface RowGeometry {
  readonly rowHeight: number
  readonly headHeight: number
}

/** Rows by their places in the list, from `first` to `last`, both included. */
export interface RowRange {
  readonly first: number
  readonly last: number
}

/** Drawn before and after what is seen, so that scrolling shows no gap. */
const spare = 12

/** Rows that are seen or about to be; `last` may lie behind the end of the list. */
export function rowsInView({ top, height }: SeenPart, rowHeight: number): RowRange {
  return {
    first: Math.max(0, Math.floor(top / rowHeight) - spare),
    last: Math.max(0, Math.ceil((top + height) / rowHeight) + spare),
  }
}

/** Where to scroll to so that a row is seen whole: as little as it takes, nowhere when it is seen already. */
export function scrollToRow(index: number, { top, height }: SeenPart, geometry: RowGeometry): number {
  const { rowHeight, headHeight } = geometry
  const start = index * rowHeight
  const leastTop = start + rowHeight + headHeight - height
  return start < top ? start : Math.max(top, leastTop)
}
