import { expect, test } from 'vitest'
import { assertNameFits, namedBy, stagedName, stagedPath, stagingForVhdx } from './staged-name.ts'

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

test('what is staged is hidden beside its target, and Windows attaches it where it is asked to', () => {
  expect(stagedPath('/a/web.qcow2', 'b1')).toBe('/a/.web.qcow2.b1.part')
  const path = stagedPath('/a/web.qcow2', stagingForVhdx('b1'))
  expect(path).toBe('/a/.web.qcow2.b1-vhdx.part.vhdx')
  expect(stagedName.test('.web.qcow2.b1-vhdx.part.vhdx')).toBe(true)
  expect([path, '/a/.web.qcow2.b1.part', '/a/x'].map(namedBy)).toEqual([
    '/a/web.qcow2',
    '/a/web.qcow2',
    '/a/x',
  ])
})
