import { decodeShares } from '@varve/core/scan/shares'
import type { AllocationView } from '@varve/protocol/reports'

export type RunKind = 'data' | 'reclaimable' | 'zero' | 'absent'

/** Neighbouring cells that are drawn alike; `left` and `width` are shares of the disk. */
export interface Run {
  readonly kind: RunKind
  /** Share of data in quarters, 1 to 4; 4 for zero and absent. */
  readonly quarters: number
  readonly left: number
  readonly width: number
}

interface Cell {
  readonly kind: RunKind
  readonly quarters: number
  /** In cells of the report. */
  readonly reclaimable: number
}

/** What a run must hold to be drawn as reclaimable, in cells of the report; a share is told to 1/255. */
const leastReclaimable = 1 - 1 / 255

/** As many cells as can be told apart on a wide screen. */
const mostCells = 256

/** The L2 strip: what each part of the disk is, as few runs as that takes. */
export function allocationToRuns(allocation: AllocationView, virtualSize: number): readonly Run[] {
  const data = decodeShares(allocation.data)
  const zero = decodeShares(allocation.zero)
  const reclaimable = allocation.reclaimable === null ? null : decodeShares(allocation.reclaimable)
  if (data.length === 0 || virtualSize <= 0) return []
  const perRun = Math.ceil(data.length / mostCells)
  const cells: Cell[] = []
  for (let at = 0; at < data.length; at += perRun) {
    const mean = (shares: readonly number[]) => meanOf(shares, at, Math.min(at + perRun, data.length))
    cells.push(
      toCell(
        { data: mean(data), zero: mean(zero), reclaimable: reclaimable ? mean(reclaimable) : 0 },
        perRun,
      ),
    )
  }
  return mergeCells(withoutTraces(cells), (allocation.cellSize * perRun) / virtualSize)
}

function toCell(shares: { data: number; zero: number; reclaimable: number }, perRun: number): Cell {
  const reclaimable = shares.reclaimable * perRun
  if (shares.data > 0) {
    const kind = shares.reclaimable * 2 > shares.data ? 'reclaimable' : 'data'
    return { kind, quarters: Math.ceil(shares.data * 4), reclaimable }
  }
  return { kind: shares.zero > 0 ? 'zero' : 'absent', quarters: 4, reclaimable }
}

/** Neighbours that hold less than one cell together are not drawn as reclaimable: the band would promise more than is there. */
function withoutTraces(cells: readonly Cell[]): readonly Cell[] {
  const kept = [...cells]
  for (let start = 0; start < cells.length;) {
    let end = start
    let sum = 0
    while (cells[end]?.kind === 'reclaimable') sum += cells[end++]?.reclaimable ?? 0
    if (end > start && sum < leastReclaimable)
      for (let at = start; at < end; at += 1)
        kept[at] = { quarters: 1, reclaimable: 0, ...cells[at], kind: 'data' }
    start = Math.max(end, start + 1)
  }
  return kept
}

function meanOf(shares: readonly number[], start: number, end: number): number {
  let sum = 0
  for (let at = start; at < end; at += 1) sum += shares[at] ?? 0
  return sum / Math.max(1, end - start)
}

function mergeCells(cells: readonly Cell[], cellWidth: number): readonly Run[] {
  const runs: Run[] = []
  for (const [index, { kind, quarters }] of cells.entries()) {
    const left = index * cellWidth
    const width = Math.max(0, Math.min(cellWidth, 1 - left))
    const last = runs.at(-1)
    if (last && last.kind === kind && last.quarters === quarters) {
      runs[runs.length - 1] = { ...last, width: last.width + width }
    } else {
      runs.push({ kind, quarters, left, width })
    }
  }
  return runs
}
