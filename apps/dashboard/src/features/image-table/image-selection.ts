import type { ImageRow } from '@varve/protocol/images'

/** The images that are chosen, by id, in the order in which they were chosen. */
export type ImageSelection = ReadonlyMap<string, ImageRow>

/** As many as one batch takes. */
export const mostSelected = 100

export const noSelection: ImageSelection = new Map()

/** The selection with `row` in it, or without it when it was in. */
export function toggled(selection: ImageSelection, row: ImageRow): ImageSelection {
  return selection.has(row.id) ? without(selection, [row.id]) : withRows(selection, [row])
}

/** The selection with these rows besides; what does not fit is left out. */
export function withRows(selection: ImageSelection, rows: readonly ImageRow[]): ImageSelection {
  const next = new Map(selection)
  for (const row of rows) if (next.has(row.id) || next.size < mostSelected) next.set(row.id, row)
  return next
}

export function without(selection: ImageSelection, ids: readonly string[]): ImageSelection {
  const gone = new Set(ids)
  return new Map([...selection].filter(([id]) => !gone.has(id)))
}

/** Indexes from one row to another, both included, at most as many as can be chosen, counted from `from`. */
export function rangeOf(from: number, to: number): { readonly first: number; readonly last: number } {
  const [first, last] = from <= to ? [from, to] : [to, from]
  if (last - first < mostSelected) return { first, last }
  return from <= to ? { first, last: first + mostSelected - 1 } : { first: last - mostSelected + 1, last }
}
