import { groupThousands } from '@varve/core/units/format-bytes'
import { chunkCount } from '@varve/core/digest/disk-digest'
import type { ChunkMap } from '@varve/protocol/job-progress'

/** What the letters of a chunk map mean. */
export const cellStates = {
  p: 'proven',
  w: 'written',
  f: 'inFlight',
  '.': 'waiting',
  z: 'skipped',
} as const
export type CellState = (typeof cellStates)[keyof typeof cellStates]

const cellsPerRow = 64
const mostCells = 1024

export interface ChunkGrid {
  /** Rows of at most 64 letters. */
  readonly rows: readonly string[]
  /** Chunks in each state; null when the agent counts none (a map of cells alone does not tell). */
  readonly counts: Readonly<Record<CellState, number>> | null
  /** The map in a sentence, for those who do not see it. */
  readonly words: string
}

/** A chunk map as rows for the grid, with counts and a text alternative. */
export function cellsToGrid({ cells, chunks, chunksPerCell, counts }: ChunkMap): ChunkGrid {
  const rows: string[] = []
  for (let at = 0; at < cells.length; at += cellsPerRow) rows.push(cells.slice(at, at + cellsPerRow))
  const size = `${groupThousands(chunks)} chunks in ${cells.length} cells of ${chunksPerCell}`
  return { rows, counts, words: counts === null ? size : `${size}: ${countsToWords(counts)}` }
}

function countsToWords(counts: NonNullable<ChunkGrid['counts']>): string {
  return [
    `${groupThousands(counts.proven)} written and proven`,
    `${groupThousands(counts.written)} written`,
    `${groupThousands(counts.inFlight)} in flight`,
    `${groupThousands(counts.waiting)} waiting`,
    `${groupThousands(counts.skipped)} zero or absent and skipped`,
  ].join(', ')
}

/** The map of a disk of `virtualSize` bytes before anything about it is known. */
export function blankMap(virtualSize: number): ChunkMap {
  const chunks = chunkCount(virtualSize)
  const chunksPerCell = Math.max(1, Math.ceil(chunks / mostCells))
  return { chunks, chunksPerCell, cells: '.'.repeat(Math.ceil(chunks / chunksPerCell)), counts: null }
}
