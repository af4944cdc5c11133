import { expect, test } from 'vitest'
import { randomWait, spreadOf } from './moments.ts'

test('waits are exponential, so that no moment is more likely than another', () => {
  expect(randomWait(1000, () => 0)).toBeCloseTo(0)
  expect(randomWait(1000, () => 0.5)).toBeCloseTo(1000 * Math.LN2)
  expect(randomWait(1000, () => 1 - Math.exp(-3))).toBeCloseTo(3000)
})

test('the spread counts tenths, and what is later for the last', () => {
  expect(spreadOf([0, 0.05, 0.1, 0.55, 0.999, 1, 1.2])).toEqual([2, 1, 0, 0, 0, 1, 0, 0, 0, 3])
})
