import { expect, test } from 'vitest'
import { stepToTime } from './step-to-time.ts'

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString()
const now = Date.UTC(2026, 0, 1) + 30_000
const estimate = { bytes: null, seconds: 9 }

test.each([
  [{ state: 'done', startedAt: at(0), finishedAt: at(1.2) }, '1.2 s'],
  [{ state: 'running', startedAt: at(2), finishedAt: null }, '28 s'],
  [{ state: 'waiting', startedAt: null, finishedAt: null }, 'about 9 s'],
  [{ state: 'skipped', startedAt: null, finishedAt: null }, 'not needed'],
  [{ state: 'undone', startedAt: null, finishedAt: null }, 'undone'],
] as const)('%o', (step, words) => {
  expect(stepToTime({ ...step, estimate }, now)).toBe(words)
})

test('an unknown estimate says nothing', () => {
  expect(
    stepToTime(
      { state: 'waiting', startedAt: null, finishedAt: null, estimate: { bytes: null, seconds: null } },
      now,
    ),
  ).toBe('')
})

test('of a migration that has ended nothing more is expected', () => {
  expect(stepToTime({ state: 'waiting', startedAt: null, finishedAt: null, estimate }, null)).toBe('')
})
