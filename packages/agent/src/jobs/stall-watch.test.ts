import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { StallWatch } from './stall-watch.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('StallWatch', () => {
  test('fires with the file and the seconds when nothing moves', () => {
    using watch = new StallWatch(10, { file: 'web01', during: 'the pull' })
    watch.start()
    vi.advanceTimersByTime(9999)
    expect(watch.signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(watch.signal.reason).toMatchObject({
      code: 'no-progress',
      file: 'web01',
      details: { seconds: 10 },
    })
  })

  test('progress puts it off; the same number again does not', () => {
    using watch = new StallWatch(10, { file: 'web01', during: 'the pull' })
    watch.start()
    vi.advanceTimersByTime(8000)
    watch.note(1, 0)
    vi.advanceTimersByTime(8000)
    watch.note(1, 0)
    vi.advanceTimersByTime(1999)
    expect(watch.signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(watch.signal.aborted).toBe(true)
  })

  test('does not fire before it was started, nor after its end', () => {
    const watch = new StallWatch(10, { file: 'web01', during: 'the pull' })
    vi.advanceTimersByTime(20_000)
    watch.start()
    watch[Symbol.dispose]()
    vi.advanceTimersByTime(20_000)
    expect(watch.signal.aborted).toBe(false)
  })
})
