import { expect, test } from 'vitest'
import { blankMap, cellsToGrid, provenMap } from './cells-to-grid.ts'

test('cells are laid in rows of 64', () => {
  const grid = cellsToGrid({ chunks: 1040, chunksPerCell: 8, cells: '.'.repeat(130) })
  expect(grid.rows.map(({ length }) => length)).toEqual([64, 64, 2])
})

test('shares leave out what is skipped', () => {
  const grid = cellsToGrid({ chunks: 8, chunksPerCell: 1, cells: 'ppwf..zz' })
  expect(grid.counts).toEqual({ proven: 2, written: 1, 'in-flight': 1, waiting: 2, skipped: 2 })
  expect(grid.proven).toBeCloseTo(2 / 6)
  expect(grid.written).toBeCloseTo(1 / 6)
})

test('a disk of zeros only has no share to divide by', () => {
  expect(cellsToGrid({ chunks: 2, chunksPerCell: 1, cells: 'zz' })).toMatchObject({ proven: 0, written: 0 })
})

test('the text alternative says what the colours say', () => {
  expect(cellsToGrid({ chunks: 8192, chunksPerCell: 8, cells: 'pppwzzf.' }).words).toBe(
    '8,192 chunks in 8 cells of 8: 38 % written and proven, 13 % written, 13 % in flight, 13 % waiting, 25 % zero or absent and skipped',
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

test('when all is proven, only what was skipped is not', () => {
  expect(provenMap({ chunks: 5, chunksPerCell: 1, cells: 'pwf.z' }).cells).toBe('ppppz')
})
