import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatWholeBytes } from './format-bytes.ts'
import { parseBytes } from './parse-bytes.ts'

describe('parseBytes', () => {
  test.each([
    ['0', 0],
    ['1073741824', 2 ** 30],
    ['40G', 40 * 2 ** 30],
    ['512M', 512 * 2 ** 20],
    ['1.5T', 1.5 * 2 ** 40],
    ['64k', 65_536],
    ['2GiB', 2 ** 31],
    ['2gib', 2 ** 31],
    ['7P', 7 * 2 ** 50],
    ['1.5K', 1536],
    // 1.1 GiB is no whole number of sectors: the next one.
    ['1.1G', Math.ceil((1.1 * 2 ** 30) / 512) * 512],
    ['0.000000001G', 512],
  ])('%s is %i bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes))

  test.each([
    '',
    '-1',
    '+1',
    '1e9',
    '0x10',
    ' 1G',
    '1 G',
    '1G ',
    '1.5',
    '1.G',
    '.5G',
    '40GB',
    '40Gb',
    '1GiBs',
    '1,5G',
    '8P',
    '9007199254740992',
    '99999999999999999999G',
    'G',
    '١G',
  ])('%j is no size', (text) => expect(parseBytes(text)).toBeNull())

  test('every size that is shown as whole units is read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1023 }), fc.integer({ min: 1, max: 4 }), (count, power) => {
        const bytes = count * 1024 ** power
        expect(parseBytes(formatWholeBytes(bytes).replace(/ (?:B$)?/u, ''))).toBe(bytes)
      }),
    )
  })
})
