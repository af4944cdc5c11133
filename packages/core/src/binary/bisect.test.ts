import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countBefore } from './bisect.ts'

test('counts what comes before, asking inside the range only and seldom', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.nat(60), (numbers, limit) => {
      const sorted = numbers.toSorted((a, b) => a - b)
      const asked: number[] = []
      const found = countBefore(sorted.length, (index) => {
        asked.push(index)
        return (sorted[index] ?? Number.NaN) < limit
      })
      expect(found).toBe(sorted.filter((number) => number < limit).length)
      expect(asked.every((index) => index >= 0 && index < sorted.length)).toBe(true)
      expect(asked.length).toBeLessThanOrEqual(Math.ceil(Math.log2(sorted.length + 1)))
    }),
  )
})
