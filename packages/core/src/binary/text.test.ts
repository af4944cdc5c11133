import { expect, test } from 'vitest'
import { labelOf } from './text.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('a label ends at the first NUL and loses its blanks', () => {
  expect(labelOf(bytes('  root\0garbage'))).toBe('root')
  expect(labelOf(bytes('DATA       '), 'latin1')).toBe('DATA')
  expect(labelOf(Uint8Array.of(0x57, 0, 0xe4, 0, 0, 0), 'utf-16le')).toBe('Wä')
})

test('nothing is null', () => {
  expect(labelOf(bytes('\0\0'))).toBeNull()
  expect(labelOf(bytes('   '))).toBeNull()
})

test('control and direction characters cannot reach a terminal', () => {
  expect(labelOf(bytes('a\u001B[31mb\u202Ec'))).toBe('a\uFFFD[31mb\uFFFDc')
})
