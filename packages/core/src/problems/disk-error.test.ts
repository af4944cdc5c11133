import { expect, test } from 'vitest'
import { DiskError } from './disk-error.ts'

test.each([
  [[], 'there is no run of that name'],
  [['ab12', 'ab34'], '2 runs begin so: ab12, ab34'],
])('a run that is not meant by its name is no file: %j', (runs, words) => {
  expect(new DiskError('not-found', { file: 'ab', runs }).message).toContain(words)
})
