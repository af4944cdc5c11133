import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createHearing } from './hearing.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('time passes from the start on', () => {
  const hearing = createHearing(() => Date.now())
  vi.advanceTimersByTime(60_000)
  expect(hearing.now()).toBe(0)
  hearing.start()
  vi.advanceTimersByTime(2050)
  expect(hearing.now()).toBe(2050)
  hearing.stop()
})

test('a process that was stopped does not count its own silence', () => {
  let now = 0
  const hearing = createHearing(() => now)
  hearing.start()
  now += 3_600_000
  expect(hearing.now()).toBe(300)
  vi.advanceTimersByTime(100)
  expect(hearing.now()).toBe(300)
  now += 80
  expect(hearing.now()).toBe(380)
  hearing.stop()
})
