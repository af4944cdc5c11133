import { expect, test } from 'vitest'
import { digestToWords } from './digest-to-words.ts'

const digest = '7f3a91c40be21122334455667788990011223344556677889900aabbccdd5d18'

test('shows the first and last groups', () => {
  expect(digestToWords(digest, { first: 3, last: 1 })).toBe('7f3a 91c4 0be2 … 5d18')
})

test('a short one is shown whole', () => {
  expect(digestToWords('7f3a91c4', { first: 3, last: 1 })).toBe('7f3a 91c4')
})
