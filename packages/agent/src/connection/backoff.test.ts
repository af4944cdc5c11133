import { expect, test } from 'vitest'
import { backoffMs } from './backoff.ts'

test('waits double from a quarter of a second up to ten seconds, half of it at random', () => {
  expect([0, 1, 2, 3].map((attempt) => backoffMs(attempt, 1))).toEqual([250, 500, 1000, 2000])
  expect(backoffMs(0, 0)).toBe(125)
  for (const attempt of [6, 20, 1000, Number.MAX_SAFE_INTEGER]) {
    expect(backoffMs(attempt, 1)).toBe(10_000)
    expect(backoffMs(attempt, 0)).toBe(5000)
  }
})
