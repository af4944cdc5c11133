import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Coverage } from './coverage.ts'

describe('Coverage', () => {
  test('agrees with a byte-by-byte oracle', () => {
    const pieces = fc.array(fc.tuple(fc.nat(40), fc.integer({ min: 0, max: 12 })), { maxLength: 30 })
    fc.assert(
      fc.property(fc.nat(10), fc.integer({ min: 1, max: 30 }), pieces, (offset, length, tried) => {
        const coverage = new Coverage(offset, length)
        const seen = new Set<number>()
        for (const [at, size] of tried) {
          const bytes = Array.from({ length: size }, (_, index) => at + index)
          const isGood =
            size > 0 && bytes.every((byte) => byte >= offset && byte < offset + length && !seen.has(byte))
          expect(coverage.add(at, size) === null).toBe(isGood)
          if (isGood) for (const byte of bytes) seen.add(byte)
          expect(coverage.isComplete).toBe(seen.size === length)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('an answer in thousands of crumbs is refused', () => {
    const coverage = new Coverage(0, 100_000)
    const refusals = Array.from({ length: 5000 }, (_, index) => coverage.add(index * 2, 1))
    expect(refusals[0]).toBeNull()
    expect(refusals.at(-1)).toMatch(/more than 4096 parts/u)
  })
})
