/** One thing the palette offers: a place to go to, or something to do. */
export interface PaletteRow {
  readonly id: string
  readonly label: string
  /** What kind of thing it is, and more about it. */
  readonly more: string
  /** Words that find it besides its label. */
  readonly keywords?: string
  readonly run: () => void
}

/** Whether every word of the query is in what the row is called or known by. */
export function fits({ label, more, keywords = '' }: PaletteRow, query: string): boolean {
  const text = `${label} ${more} ${keywords}`.toLowerCase()
  return query
    .toLowerCase()
    .split(/\s+/u)
    .every((word) => text.includes(word))
}

/**
 * The rows in the order in which they are shown: those that stand there for the same query keep their places, what comes
 * later is put below them. So nothing moves under the eye or the finger.
 */
export function inShownOrder(rows: readonly PaletteRow[], shown: readonly string[]): readonly PaletteRow[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  const kept = shown.flatMap((id) => byId.get(id) ?? [])
  const known = new Set(kept.map(({ id }) => id))
  return [...kept, ...rows.filter(({ id }) => !known.has(id))]
}

/** The row that Enter runs: the one that was chosen while it is there, else the first. */
export function chosenRow(rows: readonly PaletteRow[], chosen: string | null): PaletteRow | null {
  return rows.find(({ id }) => id === chosen) ?? rows[0] ?? null
}

/** The row `by` places from the chosen one; the ends are stops. */
export function rowBeside(rows: readonly PaletteRow[], chosen: string | null, by: number): string | null {
  const at = rows.findIndex(({ id }) => id === (chosenRow(rows, chosen)?.id ?? null))
  return rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.id ?? null
}
