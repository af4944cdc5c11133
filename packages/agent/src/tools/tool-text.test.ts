import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLineReader, labelOfCodePage, toolBytes, toolText } from './tool-text.ts'

/** The lines of a stream that arrives in pieces of the given lengths. */
function linesOf(bytes: Uint8Array, label: string, lengths: readonly number[]): string[] {
  const lines: string[] = []
  const reader = createLineReader(label, (line) => lines.push(line))
  let at = 0
  for (const length of lengths) {
    reader.add(bytes.subarray(at, at + length))
    at += length
  }
  reader.add(bytes.subarray(at))
  reader.end()
  return lines
}

test('lines are the same whatever the pieces in which they arrive', () => {
  const text = fc.array(fc.constantFrom('a', 'ä', 'Ж', '盤', ' ', '\n', '\r', '\r\n'), { maxLength: 40 })
  const lengths = fc.array(fc.nat(7), { maxLength: 12 })
  const label = fc.constantFrom('utf-8', 'utf-16le')
  fc.assert(
    fc.property(text, lengths, label, (parts, pieces, encoding) => {
      const whole = parts.join('')
      const expected = whole.split(/\r\n|[\r\n]/u).filter((line) => line !== '')
      expect(linesOf(toolBytes(whole, encoding), encoding, pieces)).toEqual(expected)
    }),
  )
})

test('a line without an end is told in parts', () => {
  const lines = linesOf(
    new Uint8Array(100_000).fill(46),
    'utf-8',
    Array.from({ length: 99 }, () => 1000),
  )
  expect(lines.join('')).toHaveLength(100_000)
  for (const line of lines) expect(line.length).toBeLessThan(10_000)
})

test.each([
  [437, [0x80, 0x8e, 0xe1], 'ÇÄß'],
  [850, [0x80, 0x9b], 'Çø'],
  [852, [0x88, 0xa5], 'łą'],
  [866, [0x84, 0xa8, 0xe1, 0xaa], 'Диск'],
  [932, [0x83, 0x66, 0x83, 0x42], 'ディ'],
  [936, [0xb4, 0xc5, 0xc5, 0xcc], '磁盘'],
  [65_001, [0xef, 0xbb, 0xbf, 0xc3, 0xa4], 'ä'],
])('code page %i is read', (page, bytes, text) => {
  expect(toolText(Uint8Array.from(bytes), labelOfCodePage(page))).toBe(text)
})

test('a code page that nobody knows is refused', () => {
  expect(() => labelOfCodePage(4242)).toThrow('code page 4242 is not known')
})
