import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clearBits } from './free-space.ts'

test('clear bits are told as runs, whatever the pieces', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 64 }),
      fc.nat(7),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom('lowest' as const, 'highest' as const),
      (bitmap, less, pieceLength, first) => {
        const count = bitmap.length * 8 - less
        const found: number[] = []
        let last = -1
        const scan = clearBits({ count, size: 10, firstAt: 5, first }, (at, length) => {
          expect(at).toBeGreaterThan(last)
          last = at + length
          for (let unit = (at - 5) / 10; unit < (at - 5 + length) / 10; unit += 1) found.push(unit)
        })
        for (let at = 0; at < bitmap.length; at += pieceLength)
          scan.add(bitmap.subarray(at, at + pieceLength))
        const isFree = (unit: number) => {
          const bit = first === 'lowest' ? unit % 8 : 7 - (unit % 8)
          return (((bitmap[Math.floor(unit / 8)] ?? 0) >> bit) & 1) === 0
        }
        const naive = Array.from({ length: count }, (_, unit) => unit).filter(isFree)
        expect(scan.end()).toBe(naive.length)
        expect(found).toEqual(naive)
      },
    ),
  )
})

test('units that nobody told of are missed', () => {
  const scan = clearBits({ count: 9, size: 1, firstAt: 0 }, () => {})
  scan.add(Uint8Array.of(0))
  expect(() => scan.end()).toThrow('8 of 9')
})
