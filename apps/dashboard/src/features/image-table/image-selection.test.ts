import type { ImageRow } from '@varve/protocol/images'
import { expect, test } from 'vitest'
import { mostSelected, noSelection, rangeOf, toggled, without, withRows } from './image-selection.ts'

const row = (id: string) => ({ id }) as ImageRow
const many = (count: number) => Array.from({ length: count }, (_, at) => row(`i${at}`))

test('a row is chosen and left again', () => {
  const one = toggled(noSelection, row('a'))
  expect([...one.keys()]).toEqual(['a'])
  expect(toggled(one, row('a')).size).toBe(0)
})

test('no more than one batch takes', () => {
  const all = withRows(noSelection, many(mostSelected + 5))
  expect(all.size).toBe(mostSelected)
  expect(toggled(all, row('more')).size).toBe(mostSelected)
  expect(without(all, ['i0', 'i1']).size).toBe(mostSelected - 2)
})

test.each([
  [3, 5, { first: 3, last: 5 }],
  [5, 3, { first: 3, last: 5 }],
  [0, 5000, { first: 0, last: 99 }],
  [5000, 0, { first: 4901, last: 5000 }],
])('from %d to %d', (from, to, range) => {
  expect(rangeOf(from, to)).toEqual(range)
})
