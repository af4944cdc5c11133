import { expect, test } from 'vitest'
import { blankMap, cellsToGrid } from './cells-to-grid.ts'

const counts = { proven: 3000, written: 900, inFlight: 4, waiting: 288, skipped: 4000 }

test('cells are laid in rows of 64', () => {
  const grid = cellsToGrid({ chunks: 1040, chunksPerCell: 8, cells: '.'.repeat(130), counts: null })
  expect(grid.rows.map(({ length }) => length)).toEqual([64, 64, 2])
})

test('the text alternative counts chunks, not cells: a cell shows one state of many chunks', () => {
  const grid = cellsToGrid({ chunks: 8192, chunksPerCell: 1024, cells: 'pppwzzf.', counts })
  expect(grid.counts).toEqual(counts)
  expect(grid.words).toBe(
    '8,192 chunks in 8 cells of 1024: 3,000 written and proven, 900 written, 4 in flight, 288 waiting, 4,000 zero or absent and skipped',
  )
})

test('without counts nothing is made up of cells', () => {
  expect(cellsToGrid({ chunks: 2, chunksPerCell: 1, cells: 'zz', counts: null }).words).toBe(
    '2 chunks in 2 cells of 1',
  )
})

test.each([1, 4 * 2 ** 20, 6 * 2 ** 30, 32 * 2 ** 30, 63 * 2 ** 40])(
  'a blank map of %d bytes covers the disk',
  (size) => {
    const map = blankMap(size)
    expect(map.cells).toMatch(/^\.{1,1024}$/u)
    expect(map.cells.length * map.chunksPerCell).toBeGreaterThanOrEqual(map.chunks)
    expect((map.cells.length - 1) * map.chunksPerCell).toBeLessThan(map.chunks)
  },
)
