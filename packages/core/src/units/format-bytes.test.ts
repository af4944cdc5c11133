import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  countOf,
  formatBytes,
  formatDuration,
  formatRate,
  formatWholeBytes,
  groupThousands,
} from './format-bytes.ts'

const gib = 1024 ** 3

test.each([
  [0, '0 B'],
  [1, '1 B'],
  [1023, '1023 B'],
  [1024, '1.00 KiB'],
  [18.1 * gib, '18.1 GiB'],
  [32 * gib, '32.0 GiB'],
  [412 * gib, '412 GiB'],
  [1000 * gib, '1000 GiB'],
  [1023.9 * gib, '1.00 TiB'],
  [2 ** 40, '1.00 TiB'],
  [99.96 * gib, '100 GiB'],
  [9.996 * gib, '10.0 GiB'],
  [2 ** 53 - 1, '8.00 PiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test('what is shown is within half a percent of what is meant', () => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (bytes) => {
      const [value, unit] = formatBytes(bytes).split(' ')
      const shown = Number(value) * 1024 ** units.indexOf(unit ?? '')
      expect(Math.abs(shown - bytes) / bytes).toBeLessThanOrEqual(0.005)
    }),
  )
})

test.each([
  [65_536, '64 KiB'],
  [32 * gib, '32 GiB'],
  [512, '512 B'],
  [0, '0 B'],
  [1_000_000, '977 KiB'],
])('%d whole bytes are %s', (bytes, text) => {
  expect(formatWholeBytes(bytes)).toBe(text)
})

test.each([
  [412e6, '412 MB/s'],
  [1.24e9, '1,240 MB/s'],
  [520_000, '0.52 MB/s'],
  [12.34e6, '12.3 MB/s'],
])('%d bytes a second are %s', (rate, text) => {
  expect(formatRate(rate)).toBe(text)
})

test.each([
  [0.2, 'less than a second'],
  [1, '1 second'],
  [59.6, '1 minute'],
  [200, '3 minutes 20 seconds'],
  [7500, '2 hours 5 minutes'],
  [7199, '1 hour 59 minutes'],
  [7170, '1 hour 59 minutes'],
  [86_400, '1 day'],
  [273_600, '3 days 4 hours'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text)
})

test('no part of a duration reaches the next larger unit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000_000 }), (seconds) => {
      expect(formatDuration(seconds)).not.toMatch(/\b(60 (second|minute)|24 hour)/u)
    }),
  )
})

test('counts and thousands', () => {
  expect(countOf(1, 'layer')).toBe('1 layer')
  expect(countOf(0, 'layer')).toBe('0 layers')
  expect(countOf(1234, 'layer')).toBe('1,234 layers')
  expect(groupThousands(1234567)).toBe('1,234,567')
})
