import fc from 'fast-check'
import { expect, test } from 'vitest'
import { equalBytes } from './equal-bytes.ts'

const small = fc.integer({ min: 0, max: 9 })

test('equal ranges are equal, wherever they lie in memory, and one other byte is found', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 80 }),
      small,
      small,
      fc.nat(),
      (bytes, skipA, skipB, where) => {
        const a = new Uint8Array(skipA + bytes.length + 8).subarray(skipA)
        const b = new Uint8Array(skipB + bytes.length + 8).subarray(skipB)
        a.set(bytes)
        b.set(bytes)
        const at = where % bytes.length
        b[at] = ~(b[at] ?? 0)
        expect(equalBytes(a, b, { start: 0, end: at })).toBe(true)
        expect(equalBytes(a, b, { start: at + 1, end: bytes.length })).toBe(true)
        expect(equalBytes(a, b, { start: 0, end: bytes.length })).toBe(false)
        expect(equalBytes(a, b, { start: at, end: at + 1 })).toBe(false)
        expect(equalBytes(a, b, { start: at, end: at })).toBe(true)
      },
    ),
  )
})

test('a range beyond one of them', () => {
  expect(() => equalBytes(new Uint8Array(4), new Uint8Array(5), { start: 0, end: 5 })).toThrow(RangeError)
})
