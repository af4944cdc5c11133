import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import { cutTo, table } from './table.ts'

const columns = [
  { title: 'NAME', cut: 'middle' },
  { title: 'KIND' },
  { title: 'SIZE', align: 'right' },
] as const

describe('table', () => {
  test('columns are as wide as their widest cell; numbers stand flush right', () => {
    const rows = [
      ['a.raw', 'raw', '1'],
      ['b', 'qcow2', '22'],
    ]
    expect(table(columns, rows, { width: null })).toBe(
      'NAME   KIND   SIZE\na.raw  raw       1\nb      qcow2    22',
    )
  })
  test('a long name is cut in its middle, so that the table fits the terminal and the rest is seen', () => {
    const name = `${'long-'.repeat(40)}end.qcow2`
    const lines = table(columns, [[name, 'qcow2', '40 GiB']], { width: 60 }).split('\n')
    expect(lines.every((line) => stringWidth(line) <= 60)).toBe(true)
    expect(lines[1]).toMatch(/^long-long-.*….*long-end\.qcow2 {2}qcow2 {2}40 GiB$/u)
  })
  test('without a terminal nothing is cut', () => {
    const name = 'x'.repeat(300)
    expect(table(columns, [[name, 'raw', '1']], { width: null })).toContain(name)
  })
  test('a terminal narrower than what cannot be cut is not an endless loop', () => {
    expect(table(columns, [['abcdefghijkl', 'qcow2', '22']], { width: 3 })).toContain('qcow2')
  })
  test('wide characters take two columns, and none is cut in half', () => {
    const lines = table(columns, [['日本語のとても長い名前.qcow2', 'qcow2', '1']], { width: 32 }).split('\n')
    expect(lines.every((line) => stringWidth(line) <= 32)).toBe(true)
    expect(cutTo('日本語', 4, 'end')).toBe('日…')
    expect(cutTo('e\u0301'.repeat(5), 3, 'end')).toBe('e\u0301e\u0301…')
  })
})
