import stringWidth from 'string-width'
import { printable } from './text.ts'

export interface TableColumn {
  readonly title: string
  /** Numbers stand flush right. */
  readonly align?: 'right'
  /** Cells of this column may be cut where the table is wider than the terminal; `middle` keeps both ends of a name. */
  readonly cut?: 'middle' | 'end'
}

export interface TableOptions {
  /** Columns of the terminal; null: no limit, nothing is cut. */
  readonly width: number | null
}

const gap = 2
/** A cell is not cut below this many columns. */
const leastWidth = 8

/** Rows as columns two spaces apart; where they are wider than the terminal, cells of the columns that may be cut are. */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  { width }: TableOptions,
): string {
  const all = [columns.map(({ title }) => title), ...rows].map((row) => row.map(printable))
  const natural = columns.map((_, at) =>
    all.reduce((most, row) => Math.max(most, stringWidth(row[at] ?? '')), 0),
  )
  const widths = fitWidths(columns, natural, width)
  return all
    .map((row) =>
      row
        .map((cell, at) => fitCell(cell, columns[at], widths[at] ?? 0))
        .join(' '.repeat(gap))
        .trimEnd(),
    )
    .join('\n')
}

/** The widest of the columns that may be cut give way first, down to `leastWidth`. */
function fitWidths(
  columns: readonly TableColumn[],
  natural: readonly number[],
  width: number | null,
): readonly number[] {
  if (width === null) return natural
  const room = width - gap * (columns.length - 1)
  const widths = [...natural]
  let excess = widths.reduce((sum, each) => sum + each, 0) - room
  while (excess > 0) {
    let widest = -1
    for (const [at, { cut }] of columns.entries()) {
      if (cut !== undefined && (widths[at] ?? 0) > Math.max(leastWidth, widths[widest] ?? 0)) widest = at
    }
    if (widest < 0) break
    widths[widest] = (widths[widest] ?? 0) - 1
    excess -= 1
  }
  return widths
}

function fitCell(cell: string, column: TableColumn | undefined, width: number): string {
  const text = cutTo(cell, width, column?.cut ?? 'end')
  const padding = ' '.repeat(Math.max(0, width - stringWidth(text)))
  return column?.align === 'right' ? padding + text : text + padding
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** The text in at most `width` columns of a terminal, with `…` for what was left out. */
export function cutTo(text: string, width: number, where: 'middle' | 'end'): string {
  if (stringWidth(text) <= width) return text
  if (width <= 0) return ''
  const clusters = Array.from(graphemes.segment(text), ({ segment }) => segment)
  const room = width - 1
  const tailRoom = where === 'middle' ? Math.floor(room / 2) : 0
  const head = takeWidth(clusters, room - tailRoom)
  const tail = takeWidth(clusters.toReversed(), tailRoom)
  return `${head.join('')}…${tail.toReversed().join('')}`
}

function takeWidth(clusters: readonly string[], width: number): string[] {
  const taken: string[] = []
  let used = 0
  for (const cluster of clusters) {
    used += stringWidth(cluster)
    if (used > width) break
    taken.push(cluster)
  }
  return taken
}
