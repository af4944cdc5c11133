import { expect, test } from 'vitest'
import { durationToWords, estimateToWords, timeToWords } from './time-to-words.ts'

const now = Date.UTC(2026, 10, 22, 12)

test.each([
  [0, 'just now'],
  [9_999, 'just now'],
  [59_000, '59 seconds ago'],
  [60_000, '1 minute ago'],
  [2 * 3_600_000 + 1, '2 hours ago'],
  [26 * 3_600_000, '1 day ago'],
  [70 * 86_400_000, '2 months ago'],
  [800 * 86_400_000, '2 years ago'],
])('%d ms ago: %s', (past, words) => {
  expect(timeToWords(now - past, now)).toBe(words)
})

test('a clock that runs ahead is not in the future', () => {
  expect(timeToWords(now + 5000, now)).toBe('just now')
})

test.each([
  [0, '0.0 s'],
  [312, '0.3 s'],
  [9_949, '9.9 s'],
  [9_950, '10 s'],
  [28_400, '28 s'],
  [60_000, '1 min'],
  [72_000, '1 min 12 s'],
  [7_500_000, '2 h 5 min'],
])('%d ms last %s', (ms, words) => {
  expect(durationToWords(ms)).toBe(words)
})

test.each([
  [0.4, 'under 1 s'],
  [9.2, 'about 9 s'],
  [120, 'about 2 min'],
  [7200, 'about 2 h'],
])('%d s are guessed as %s', (seconds, words) => {
  expect(estimateToWords(seconds)).toBe(words)
})
