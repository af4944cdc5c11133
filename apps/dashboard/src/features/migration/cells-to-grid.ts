import { chunkCount } from '@varve/core/digest/disk-digest'
import type { ChunkMap } from '@varve/protocol/jobs'

/** What the letters of a chunk map mean. */
export const cellStates = {
  p: 'proven',
  w: 'written',
  f: 'in-flight',
  '.': 'waiting',
  z: 'skipped',
} as const
export type CellState = (typeof cellStates)[keyof typeof cellStates]

export const cellsPerRow = 64
const mostCells = 1024

export interface ChunkGrid {
  /** Rows of at most 64 letters. */
  readonly rows: readonly string[]
  readonly counts: Readonly<Record<CellState, number>>
  /** Shares of the cells that hold data: with proven and written, waiting adds up to 1. */
  readonly proven: number
  readonly written: number
  /** The map in a sentence, for those who do not see it. */
  readonly words: string
}

/** A chunk map as rows for the grid, with counts and a text alternative. */
export function cellsToGrid({ cells, chunks, chunksPerCell }: ChunkMap): ChunkGrid {
  const rows: string[] = []
  for (let at = 0; at < cells.length; at += cellsPerRow) rows.push(cells.slice(at, at + cellsPerRow))
  const counts = { proven: 0, written: 0, 'in-flight': 0, waiting: 0, skipped: 0 }
  for (const cell of cells) counts[stateOf(cell)] += 1
  const withData = Math.max(1, cells.length - counts.skipped)
  const percent = (count: number) => `${Math.round((count / Math.max(1, cells.length)) * 100)} %`
  return {
    rows,
    counts,
    proven: counts.proven / withData,
    written: counts.written / withData,
    words:
      `${chunks.toLocaleString('en')} chunks in ${cells.length} cells of ${chunksPerCell}: ` +
      `${percent(counts.proven)} written and proven, ${percent(counts.written)} written, ` +
      `${percent(counts['in-flight'])} in flight, ${percent(counts.waiting)} waiting, ` +
      `${percent(counts.skipped)} zero or absent and skipped`,
  }
}

/** The map of a disk of `virtualSize` bytes before anything about it is known. */
export function blankMap(virtualSize: number): ChunkMap {
  const chunks = chunkCount(virtualSize)
  const chunksPerCell = Math.max(1, Math.ceil(chunks / mostCells))
  return { chunks, chunksPerCell, cells: '.'.repeat(Math.ceil(chunks / chunksPerCell)) }
}

/** The last map that was seen of a migration whose every chunk has since been proven. */
export function provenMap(map: ChunkMap): ChunkMap {
  return { ...map, cells: map.cells.replaceAll(/[^z]/gu, 'p') }
}

/** The state of one letter; an unknown one counts as waiting. */
export function stateOf(cell: string): CellState {
  switch (cell) {
    case 'p':
    case 'w':
    case 'f':
    case 'z':
      return cellStates[cell]
    default:
      return 'waiting'
  }
}
