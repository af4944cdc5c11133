import { expect, test } from 'vitest'
import { formatRules } from '../image/format-rules.ts'
import { formatByEnding, isWritable, writableFormats } from './writable-formats.ts'

test('the format rules say the same', () => {
  for (const [name, { native }] of Object.entries(formatRules))
    expect(native.write, name).toBe(isWritable(name))
})
test('by the ending of a name', () => {
  expect(formatByEnding('a.QCOW2')).toBe('qcow2')
  expect(formatByEnding('disk.img')).toBe('raw')
  expect(formatByEnding('disk.iso')).toBeNull()
  expect(writableFormats).toContain('vhd')
})
