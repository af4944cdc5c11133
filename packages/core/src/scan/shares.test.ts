import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeShares, encodeShares, resampleShares, stripOf } from './shares.ts'

test('nothing is 00, anything is more, all is ff', () => {
  const parts = [0, 1, 32_768, 65_535, 65_536, 70_000]
  expect(encodeShares(parts, () => 65_536)).toBe('000180ffffff')
  expect(encodeShares([5], () => 0)).toBe('00')
})

test('every 255th comes back as it went', () => {
  const text = encodeShares(
    Array.from({ length: 256 }, (_, part) => part),
    () => 255,
  )
  expect(decodeShares(text)).toEqual(Array.from({ length: 256 }, (_, part) => part / 255))
  expect(resampleShares(text, 256)).toBe(text)
})

const sharesText = fc
  .array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 2048 })
  .map((values) => values.map((value) => value.toString(16).padStart(2, '0')).join(''))

test('resampling keeps the mean, rounds up only, and hides nothing', () => {
  fc.assert(
    fc.property(sharesText, fc.integer({ min: 1, max: 200 }), (text, cells) => {
      const before = decodeShares(text)
      const after = decodeShares(resampleShares(text, cells))
      expect(after).toHaveLength(cells)
      const mean = (shares: number[]) => shares.reduce((sum, share) => sum + share, 0) / shares.length
      expect(mean(after)).toBeGreaterThanOrEqual(mean(before) - 1e-9)
      expect(mean(after)).toBeLessThanOrEqual(mean(before) + 1 / 255 + 1e-9)
      expect(after.some((share) => share > 0)).toBe(before.some((share) => share > 0))
    }),
  )
})

test('a strip has 60 cells; an empty disk has none', () => {
  const base = { cellSize: 65_536, zero: '', reclaimable: null, dataBytes: 0, zeroBytes: 0, absentBytes: 0 }
  expect(stripOf({ ...base, data: 'ff00' })).toBe('ff'.repeat(30) + '00'.repeat(30))
  expect(stripOf({ ...base, data: '' })).toBe('')
})
