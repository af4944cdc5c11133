import { expect, test } from 'vitest'
import { findingGroupToWords } from './finding-group-to-words.ts'

const group = (id: string, images: number, bytes: number | null) => ({
  problem: {
    id,
    severity: 'warn',
    layer: 'L3',
    file: 'a',
    message: 'L3 "a": one of them',
    remedy: '',
  } as const,
  images,
  bytes,
})

test('many images: what they have in common', () => {
  expect(findingGroupToWords(group('discards-stopped', 14, 312 * 1024 ** 3))).toBe(
    '14 disks hold 312 GiB that their guests no longer use',
  )
  expect(findingGroupToWords(group('truncated', 2, null))).toBe('2 images are cut short')
})
test('one image, or a finding without such words: the finding itself', () => {
  expect(findingGroupToWords(group('discards-stopped', 1, 5))).toBe('One of them')
  expect(findingGroupToWords(group('something-else', 3, null))).toBe('One of them')
})
