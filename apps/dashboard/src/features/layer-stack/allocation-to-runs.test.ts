import { expect, test } from 'vitest'
import { allocationToRuns } from './allocation-to-runs.ts'

const totals = { dataBytes: 0, zeroBytes: 0, absentBytes: 0 }

test('cells of one kind are one run', () => {
  const runs = allocationToRuns(
    { ...totals, cellSize: 10, data: 'ffff00000000ff00', zero: '0000ffff00000000', reclaimable: null },
    80,
  )
  expect(runs.map(({ kind, left, width }) => [kind, left, width])).toEqual([
    ['data', 0, 0.25],
    ['zero', 0.25, 0.25],
    ['absent', 0.5, 0.25],
    ['data', 0.75, 0.125],
    ['absent', 0.875, 0.125],
  ])
})

test('what is mostly free in the guest is reclaimable, less than half is data', () => {
  const runs = allocationToRuns(
    { ...totals, cellSize: 1, data: 'ffff', zero: '0000', reclaimable: 'ff10' },
    2,
  )
  expect(runs.map(({ kind }) => kind)).toEqual(['reclaimable', 'data'])
})

test('less than a cell is not drawn as reclaimable, neighbours count together', () => {
  const kindsOf = (data: string, reclaimable: string) =>
    allocationToRuns(
      { ...totals, cellSize: 1, data, zero: '00'.repeat(data.length / 2), reclaimable },
      data.length / 2,
    ).map(({ kind }) => kind)
  expect(kindsOf('0400ff', '040000')).toEqual(['data', 'absent', 'data'])
  expect(kindsOf('ffff00', 'a0a000')).toEqual(['reclaimable', 'absent'])
})

test('a trace of data stays visible, paler', () => {
  const runs = allocationToRuns({ ...totals, cellSize: 1, data: '01ff', zero: '0000', reclaimable: null }, 2)
  expect(runs.map(({ quarters }) => quarters)).toEqual([1, 4])
})

test('2,048 cells are drawn as at most 256, and together they fill the axis', () => {
  const runs = allocationToRuns(
    { ...totals, cellSize: 1024, data: 'ff00'.repeat(1024), zero: '0000'.repeat(1024), reclaimable: null },
    2048 * 1024,
  )
  expect(runs.length).toBeLessThanOrEqual(256)
  expect(runs.reduce((sum, { width }) => sum + width, 0)).toBeCloseTo(1)
})

test('the short last cell does not overhang', () => {
  const runs = allocationToRuns(
    { ...totals, cellSize: 10, data: 'ff00', zero: '0000', reclaimable: null },
    15,
  )
  expect(runs.at(-1)?.width).toBeCloseTo(1 / 3)
})
