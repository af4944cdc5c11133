import { expect, test } from 'vitest'
import { problemToWords } from './problem-to-words.ts'

test('takes off layer and file, starts with a capital', () => {
  expect(problemToWords('L2 "a \\"b\\": c.qcow2": its parent is not there')).toBe('Its parent is not there')
  expect(problemToWords('discards stop at L3')).toBe('Discards stop at L3')
})
