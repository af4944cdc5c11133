import { expect, test } from 'vitest'
import { problemToWords } from './problem-to-words.ts'

test('takes off layer and file, starts with a capital', () => {
  expect(problemToWords('L2 "a \\"b\\": c.qcow2": its parent is not there')).toBe('Its parent is not there')
  expect(problemToWords('discards stop at L3')).toBe('Discards stop at L3')
})

test('a name at its start stays as it is', () => {
  expect(problemToWords('taken.img exists in that library already')).toBe(
    'taken.img exists in that library already',
  )
})

test('long counts of bytes become sizes, offsets stay', () => {
  expect(problemToWords('19434602496 bytes are needed and 7516192768 are free')).toBe(
    '18.1 GiB are needed and 7.00 GiB are free',
  )
  expect(problemToWords('a table needs 512 bytes at offset 7516192768')).toBe(
    'A table needs 512 bytes at offset 7516192768',
  )
})
