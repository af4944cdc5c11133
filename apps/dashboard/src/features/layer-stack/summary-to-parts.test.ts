import { expect, test } from 'vitest'
import { summaryToParts } from './summary-to-parts.ts'

test('the first part leads, what asks for attention is marked', () => {
  expect(summaryToParts('ext4 · clean · 6.3 GiB free here is still allocated below')).toEqual([
    { text: 'ext4', weight: 'main' },
    { text: 'clean', weight: 'plain' },
    { text: '6.3 GiB free here is still allocated below', weight: 'warn' },
  ])
})
