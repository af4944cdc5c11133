import { expect, test } from 'vitest'
import { rangesToCells } from './ranges-to-cells.ts'

const order = ['data', 'zero'] as const
const at = (start: number, length: number, kind: 'data' | 'zero') => ({ start, length, kind })

test('neighbours of one kind are drawn together, gaps stay', () => {
  const cells = rangesToCells([at(0, 25, 'data'), at(25, 25, 'data'), at(75, 25, 'zero')], {
    size: 100,
    order,
    count: 4,
  })
  expect(cells).toEqual([
    { kind: 'data', left: 0, width: 0.5 },
    { kind: 'zero', left: 0.75, width: 0.25 },
  ])
})

test('a byte of what matters most is not lost in a cell of something else', () => {
  expect(rangesToCells([at(0, 100, 'zero'), at(60, 1, 'data')], { size: 100, order, count: 2 })).toEqual([
    { kind: 'zero', left: 0, width: 0.5 },
    { kind: 'data', left: 0.5, width: 0.5 },
  ])
})

test('what lies beyond the disk, or on one without bytes, is not drawn', () => {
  expect(rangesToCells([at(90, 500, 'data')], { size: 100, order, count: 10 })).toEqual([
    { kind: 'data', left: 0.9, width: 0.1 },
  ])
  expect(rangesToCells([at(0, 5, 'data')], { size: 0, order })).toEqual([])
})
