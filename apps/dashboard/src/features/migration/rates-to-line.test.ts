import { describe, expect, test } from 'vitest'
import { addRate, type RateSample } from '../../data/rate-history.ts'
import { ratesToLine } from './rates-to-line.ts'

describe('ratesToLine', () => {
  test('needs two moments', () => {
    expect(ratesToLine([], { width: 10, height: 10 })).toBeNull()
    expect(ratesToLine([{ at: 1, rate: 5 }], { width: 10, height: 10 })).toBeNull()
  })

  test('spans the width, the fastest moment is highest, zero is the floor', () => {
    const line = ratesToLine(
      [
        { at: 1000, rate: 0 },
        { at: 2000, rate: 100 },
        { at: 3000, rate: 50 },
      ],
      { width: 100, height: 23 },
    )
    expect(line).toEqual({
      line: 'M0 23L50 3L100 13',
      area: 'M0 23L50 3L100 13L100 23L0 23Z',
      since: 1000,
      highest: 100,
    })
  })
})

describe('addRate', () => {
  test('keeps the newest 240', () => {
    let history: readonly RateSample[] = []
    for (let at = 1; at <= 300; at += 1) history = addRate(history, { at, rate: at })
    expect(history).toHaveLength(240)
    expect(history[0]?.at).toBe(61)
  })

  test('leaves out what is not newer: a replayed event', () => {
    const history = [{ at: 5, rate: 1 }]
    expect(addRate(history, { at: 5, rate: 2 })).toBe(history)
    expect(addRate(history, { at: 4, rate: 2 })).toBe(history)
  })
})
