import { describe, expect, test } from 'vitest'
import { groupDigest, paintWith, printable, shortDigest } from './text.ts'

describe('text', () => {
  test('a hostile name cannot steer the terminal', () => {
    expect(printable('a\nb\u001B[31mc\u202Ed')).toBe(String.raw`a\x0ab\x1b[31mc\u202ed`)
    expect(printable('Größe – naïve 日本')).toBe('Größe – naïve 日本')
  })
  test('digests in groups of four', () => {
    const digest = '0123456789abcdef'.repeat(4)
    expect(groupDigest(digest).split(' ')).toHaveLength(16)
    expect(shortDigest(digest)).toBe('0123 4567 89ab cdef … cdef')
  })
  test('no colours when they are off', () => {
    expect(paintWith(false)('red', 'x')).toBe('x')
    expect(paintWith(true)('red', 'x')).toBe('\u001B[31mx\u001B[39m')
  })
})
