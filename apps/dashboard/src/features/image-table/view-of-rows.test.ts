import { expect, test } from 'vitest'
import { rowsInView, scrollToRow } from './view-of-rows.ts'

test.each([
  [
    { top: 0, height: 400 },
    { first: 0, last: 22 },
  ],
  [
    { top: 400, height: 400 },
    { first: 0, last: 32 },
  ],
  [
    { top: 4010, height: 400 },
    { first: 88, last: 123 },
  ],
  [
    { top: -30, height: 0 },
    { first: 0, last: 12 },
  ],
])('at %o the rows of 40 px from %o are drawn', (place, rows) => {
  expect(rowsInView(place, 40)).toEqual(rows)
})

test.each([
  ['is seen: nothing moves', 3, 0, 0],
  ['is the last that is seen whole', 8, 0, 0],
  ['lies half below', 9, 0, 36],
  ['lies far below', 100, 0, 3676],
  ['lies half above', 2, 100, 80],
  ['is the first', 0, 5000, 0],
])('a row that %s', (_what, index, top, to) => {
  expect(scrollToRow(index, { top, height: 400 }, { rowHeight: 40, headHeight: 36 })).toBe(to)
})
