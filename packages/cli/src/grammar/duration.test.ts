import { expect, test } from 'vitest'
import { durationOption, parseDuration } from './duration.ts'

test.each([
  ['90', 90],
  ['90s', 90],
  ['30m', 1800],
  ['1.5h', 5400],
  [' 1d ', 86_400],
  ['0', null],
  ['-1', null],
  ['1w', null],
  ['', null],
  ['25d', null],
  ['1e3', null],
])('%j is a time of %j seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds)
})

test.each([
  ['59m', null],
  ['1h', 3600],
  ['365d', 31_536_000],
  ['366d', null],
  ['1.5h', 5400],
])('%j is a time of %j seconds where it is an hour at least and a year at most', (text, seconds) => {
  expect(parseDuration(text, { shortest: 3600, longest: 365 * 86_400 })).toBe(seconds)
})

test.each([
  [{ shortest: 1, longest: 86_400 }, '1s at least, 1d at most'],
  [{ shortest: 3600, longest: 365 * 86_400 }, '1h at least, 365d at most'],
  [{ shortest: 0, longest: 2_147_483 }, '1d, 24d at most'],
])('an option says its limits as they could be written: %j', (limits, words) => {
  const option = durationOption('--soak <time>', 'how long', limits)
  expect(() => option.parseArg?.('never', undefined)).toThrow(words)
})
