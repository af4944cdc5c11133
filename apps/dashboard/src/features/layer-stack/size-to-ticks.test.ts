import { describe, expect, test } from 'vitest'
import { sizeToTicks } from './size-to-ticks.ts'

const GiB = 2 ** 30

describe('sizeToTicks', () => {
  test('32 GiB is marked every 8 GiB', () => {
    expect(sizeToTicks(32 * GiB).map(({ bytes }) => bytes / GiB)).toEqual([0, 8, 16, 24, 32])
  })

  test('a mark that would touch the last one is left out', () => {
    expect(sizeToTicks(8.2 * GiB).map(({ bytes }) => bytes / GiB)).toEqual([0, 2, 4, 6, 8.2])
  })

  test.each([1, 511, 512, 4 * 1024 ** 2 + 512, 2 * GiB, 10.5 * GiB, 63 * 2 ** 40])(
    'marks of %d bytes begin at 0, end at the size, are in order and apart',
    (size) => {
      const ticks = sizeToTicks(size)
      expect(ticks[0]?.bytes).toBe(0)
      expect(ticks.at(-1)).toEqual({ bytes: size, at: 1 })
      expect(ticks.length).toBeLessThanOrEqual(6)
      for (const [index, tick] of ticks.entries()) {
        if (index > 0) expect(tick.at - (ticks[index - 1]?.at ?? 0)).toBeGreaterThanOrEqual(0.09)
      }
    },
  )

  test('a disk of no bytes has one mark', () => {
    expect(sizeToTicks(0)).toEqual([{ bytes: 0, at: 0 }])
  })
})
