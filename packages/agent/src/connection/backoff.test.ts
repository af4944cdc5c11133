import { expect, test } from 'vitest'
import { backoffMs } from './backoff.ts'

test('waits double from a quarter of a second up to ten seconds', () => {
  expect([0, 1, 2, 3].map((attempt) => backoffMs(attempt, 1))).toEqual([250, 500, 1000, 2000])
  for (const attempt of [6, 20, 1000, Number.MAX_SAFE_INTEGER]) {
    expect(backoffMs(attempt, 1)).toBe(10_000)
  }
})

test('ten thousand agents that have lost their controller come back spread over nine seconds', () => {
  const waits = Array.from({ length: 10_000 }, (_, agent) => backoffMs(9, agent / 10_000))
  const perSecond = Array.from(
    { length: 10 },
    (_, second) => waits.filter((wait) => Math.floor(wait / 1000) === second).length,
  )
  expect(perSecond[0]).toBe(0)
  for (const count of perSecond.slice(1)) expect(count).toBeLessThan(1200)
})
