import { expect, test } from 'vitest'
import { DiskError, toErrorRecord } from './disk-error.ts'
import { bareWords, titleWords } from './problem-words.ts'

test('layer and file are taken off, whatever the name; a sentence starts with a capital', () => {
  for (const file of ['a.qcow2', 'a "b": c.qcow2', 'L2 "x": ', 'new\nline', '\u202Egnp.vmdk', '']) {
    const record = toErrorRecord(new DiskError('parent-missing', { file, parent: 'base.qcow2' }), file)
    expect(titleWords(record)).toBe(
      'Its parent "base.qcow2" is not there; the disk cannot be read without it',
    )
  }
})

test('what has no place before it stays', () => {
  expect(titleWords({ layer: 'L2', file: 'a', message: 'discards stop at L3' })).toBe('Discards stop at L3')
  expect(bareWords({ layer: 'L1', file: null, message: 'L1 "a": x' })).toBe('L1 "a": x')
  expect(bareWords({ layer: 'L1', file: 'b', message: 'L1 "a": x' })).toBe('L1 "a": x')
})

test('a name at its start stays as it is', () => {
  const error = new DiskError('tool-failed', { file: 'a', tool: 'qemu-img', exitCode: 1, stderr: 'no' })
  expect(titleWords(toErrorRecord(error, 'a'))).toBe('qemu-img failed with exit code 1: no')
})

test('many bytes are weighed, few are counted, and sizes that look alike are told to the byte', () => {
  const told = (wanted: number, available: number) =>
    titleWords(new DiskError('truncated', { file: 'a', structure: 'the L1 table', wanted, available }))
  expect(told(512, 100)).toBe(
    'The L1 table needs 512 bytes, but only 100 bytes are there: the file is cut short',
  )
  expect(told(2 ** 34, 100)).toContain('needs 16.0 GiB, but only 100 bytes are there')
  expect(told(2 ** 34, 2 ** 34 - 1)).toContain(
    'needs 17,179,869,184 bytes, but only 17,179,869,183 are there',
  )
})
