import { expect, test } from 'vitest'
import { randomMoments, spreadOf } from './moments.ts'

test('each part of the whole has its moment, in order', () => {
  const moments = randomMoments(1000, 10)
  expect(moments).toHaveLength(10)
  expect(spreadOf(moments.map((moment) => moment / 1000))).toEqual(Array.from({ length: 10 }, () => 1))
  expect(moments).toEqual(moments.toSorted((a, b) => a - b))
})

test('the spread counts tenths, and what is later for the last', () => {
  expect(spreadOf([0, 0.05, 0.1, 0.55, 0.999, 1, 1.2])).toEqual([2, 1, 0, 0, 0, 1, 0, 0, 0, 3])
})
