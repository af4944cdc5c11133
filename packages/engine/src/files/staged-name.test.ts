import { expect, test } from 'vitest'
import { assertNameFits } from './staged-name.ts'

test('a name is as long as a filesystem keeps it, on Windows as its own rules say', () => {
  expect(() => assertNameFits(`/a/${'ü'.repeat(127)}`, 'linux')).not.toThrow()
  expect(() => assertNameFits(`/a/${'ü'.repeat(128)}`, 'linux')).toThrow(/too long/u)
  expect(() => assertNameFits('/a/NUL.raw', 'linux')).not.toThrow()
  expect(() => assertNameFits(`C:\\a\\${'ü'.repeat(200)}`, 'win32')).not.toThrow()
  for (const path of [
    'C:\\a\\NUL.raw',
    'C:/a/disk.raw:x',
    '\\\\host\\share\\disk.raw.',
    '\\\\?\\C:\\a\\b?.raw',
  ])
    expect(() => assertNameFits(path, 'win32')).toThrow(
      expect.objectContaining({
        code: 'not-writable',
        details: expect.objectContaining({ why: 'name-not-for-windows' }),
      }),
    )
})
