import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isZero } from './zero-scan.ts'

test('agrees with looking at each byte, whatever the alignment', () => {
  fc.assert(
    fc.property(fc.nat(70), fc.nat(70), fc.nat(9), fc.option(fc.nat(160)), (a, b, offset, placed) => {
      const memory = new Uint8Array(170)
      if (placed !== null) memory[placed] = 0x40
      const bytes = memory.subarray(offset)
      const range = { start: Math.min(a, b), end: Math.max(a, b) }
      expect(isZero(bytes, range)).toBe(bytes.subarray(range.start, range.end).every((byte) => byte === 0))
    }),
    { numRuns: 1000 },
  )
})

test('sees a single bit anywhere in a block', () => {
  const block = new Uint8Array(4096)
  expect(isZero(block)).toBe(true)
  for (let i = 0; i < block.length; i += 1) {
    block[i] = 0x80
    expect(isZero(block)).toBe(false)
    block[i] = 0
  }
})
