import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GuestDisk } from '../guest/guest-region.ts'
import { sparseDisk } from '../testing/sparse-disk.ts'
import { bitmapCount, countClearBits, freeByRegion, freeFromBitmap } from './free-regions.ts'

const mib = 1024 * 1024

test('clear bits are counted as one by one', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 4, maxLength: 40 }),
      fc.nat(3),
      fc.nat(320),
      (bytes, skip, wanted) => {
        const bitmap = bytes.subarray(skip)
        const count = Math.min(wanted, bitmap.length * 8)
        let clear = 0
        for (let bit = 0; bit < count; bit += 1) if (((bitmap[bit >> 3]! >> (bit & 7)) & 1) === 0) clear += 1
        expect(countClearBits(bitmap, count)).toBe(clear)
      },
    ),
  )
})

test('runs of a bitmap add up, follow each other, and are few', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 20_000 }), fc.nat(7), (bitmap, cut) => {
      const count = bitmap.length * 8 - cut
      const { free, runs } = freeFromBitmap(bitmap, { count, size: 4096, firstAt: 8192 })
      expect(free).toBe(countClearBits(bitmap, count) * 4096)
      expect(runs.reduce((sum, run) => sum + run.free, 0)).toBe(free)
      expect(runs.length).toBeLessThanOrEqual(257)
      let at = 8192
      for (const run of runs) {
        expect(run.at).toBe(at)
        expect(run.free).toBeLessThanOrEqual(run.length)
        at += run.length
      }
      expect(at).toBe(8192 + count * 4096)
    }),
    { numRuns: 50 },
  )
})

test('a bitmap in pieces counts as the bitmap in one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { minLength: 1, maxLength: 8 }),
      fc.nat(7),
      fc.constantFrom(512, 4096, 1024 * 1024),
      (pieces, cut, size) => {
        const whole = Uint8Array.from(pieces.flatMap((piece) => [...piece]))
        const units = { count: whole.length * 8 - cut, size, firstAt: 0 }
        const count = bitmapCount(units)
        expect(() => count.result()).toThrow(RangeError)
        for (const piece of pieces) count.add(piece)
        expect(count.result()).toEqual(freeFromBitmap(whole, units))
      },
    ),
    { numRuns: 50 },
  )
})

const disk = new GuestDisk(sparseDisk(10_000 * mib, []))

test('more than 256 runs are joined, and nothing is lost', () => {
  const region = disk.region([{ start: mib, length: 9000 * mib }])
  const runs = Array.from({ length: 5000 }, (_, i) => ({ at: i * mib, length: mib, free: i }))
  const regions = freeByRegion(region, runs)
  expect(regions.length).toBe(250)
  expect(regions[0]).toEqual({ start: mib, length: 20 * mib, free: 190 })
  expect(regions.reduce((sum, { free }) => sum + free, 0)).toBe((4999 * 5000) / 2)
})

test('on a volume of two pieces regions go where their piece lies, and none where one breaks', () => {
  const pieces = [
    { start: 100 * mib, length: 10 * mib },
    { start: 20 * mib, length: 10 * mib },
  ]
  const region = disk.region(pieces)
  const whole = [
    { at: 0, length: 10 * mib, free: 1 },
    { at: 10 * mib, length: 10 * mib, free: 2 },
  ]
  expect(freeByRegion(region, whole)).toEqual([
    { start: 20 * mib, length: 10 * mib, free: 2 },
    { start: 100 * mib, length: 10 * mib, free: 1 },
  ])
  expect(freeByRegion(region, [{ at: 5 * mib, length: 10 * mib, free: 1 }])).toEqual([])
})
