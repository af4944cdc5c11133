import { describe, expect, test } from 'vitest'
import { isDiskError } from '../problems/disk-error.ts'
import { resolveReference, type PathRules } from './resolve-reference.ts'

function resolved(reference: string, from: string, rules: PathRules): string {
  try {
    return resolveReference(reference, { from, rules })
  } catch (error) {
    if (isDiskError(error, 'reference-refused')) return 'refused'
    throw error
  }
}

const posix: readonly (readonly [reference: string, from: string, path: string])[] = [
  ['base.qcow2', '/lib/top.qcow2', '/lib/base.qcow2'],
  ['base.qcow2', 'top.qcow2', 'base.qcow2'],
  ['./base.qcow2', '/lib/top.qcow2', '/lib/base.qcow2'],
  ['../base.qcow2', '/lib/a/top.qcow2', '/lib/a/../base.qcow2'],
  ['sub//base.qcow2', '/lib/top.qcow2', '/lib/sub/base.qcow2'],
  ['/other/base.qcow2', '/lib/top.qcow2', '/other/base.qcow2'],
  ['file:base.qcow2', '/lib/top.qcow2', '/lib/base.qcow2'],
  ['file:/other/base.qcow2', '/lib/top.qcow2', '/other/base.qcow2'],
  ['file:///other/base.qcow2', '/lib/top.qcow2', '/other/base.qcow2'],
  ['file://localhost/other/base.qcow2', '/lib/top.qcow2', '/other/base.qcow2'],
  ['FILE:base', '/lib/top', '/lib/base'],
  ['./json:name', '/lib/top', '/lib/json:name'],
  ['folder/a:b', '/lib/top', '/lib/folder/a:b'],
  ['with\nnewline "quotes" é.img', '/lib/top', '/lib/with\nnewline "quotes" é.img'],
  ['-rf', '/lib/top', '/lib/-rf'],
  ['back\\slash.img', '/lib/top', '/lib/back\\slash.img'],
  ['file://host/share/base', '/lib/top', 'refused'],
  ['file:json:{}', '/lib/top', 'refused'],
  ['json:{"driver":"null-co"}', '/lib/top', 'refused'],
  ['nbd:localhost:10809', '/lib/top', 'refused'],
  ['nbd+unix:///?socket=/tmp/x', '/lib/top', 'refused'],
  ['https://example.org/base', '/lib/top', 'refused'],
  ['fat:/etc', '/lib/top', 'refused'],
  ['C:\\images\\base.vmdk', '/lib/top', 'refused'],
  ['\\\\server\\share\\base', '/lib/top', 'refused'],
  ['', '/lib/top', 'refused'],
  ['file:', '/lib/top', 'refused'],
  ['.', 'top', 'refused'],
  ['/', '/lib/top', 'refused'],
  ['a\0b', '/lib/top', 'refused'],
  ['x'.repeat(4097), '/lib/top', 'refused'],
]

const windows: typeof posix = [
  ['base.vhdx', 'C:\\vm\\top.vhdx', 'C:\\vm\\base.vhdx'],
  ['.\\base.vhdx', 'C:\\vm\\top.vhdx', 'C:\\vm\\base.vhdx'],
  ['..\\base.vhdx', 'C:\\vm\\a\\top.vhdx', 'C:\\vm\\base.vhdx'],
  ['..\\..\\..\\base.vhdx', 'C:\\vm\\top.vhdx', 'C:\\base.vhdx'],
  ['a/b.vhdx', 'C:/vm/top.vhdx', 'C:\\vm\\a\\b.vhdx'],
  ['D:\\base.vhdx', 'C:\\vm\\top.vhdx', 'D:\\base.vhdx'],
  ['d:/x/./y.vhdx', 'C:\\vm\\top.vhdx', 'd:\\x\\y.vhdx'],
  ['\\base.vhdx', 'C:\\vm\\top.vhdx', 'C:\\base.vhdx'],
  ['file:///C:/vm/base.vhdx', 'C:\\vm\\top.vhdx', 'C:\\vm\\base.vhdx'],
  ['base.vhdx', '\\\\server\\share\\vm\\top.vhdx', '\\\\server\\share\\vm\\base.vhdx'],
  ['..\\..\\base.vhdx', '\\\\server\\share\\vm\\top.vhdx', '\\\\server\\share\\base.vhdx'],
  ['\\\\server\\share\\base.vhdx', 'C:\\vm\\top.vhdx', 'refused'],
  ['//server/share/base.vhdx', 'C:\\vm\\top.vhdx', 'refused'],
  ['\\\\.\\PhysicalDrive0', 'C:\\vm\\top.vhdx', 'refused'],
  ['\\\\?\\C:\\base.vhdx', 'C:\\vm\\top.vhdx', 'refused'],
  ['C:base.vhdx', 'C:\\vm\\top.vhdx', 'refused'],
  ['base.vhdx:stream', 'C:\\vm\\top.vhdx', 'refused'],
  ['sub\\base.vhdx:stream', 'C:\\vm\\top.vhdx', 'refused'],
  ['NUL', 'C:\\vm\\top.vhdx', 'refused'],
  ['sub\\com1.vhdx', 'C:\\vm\\top.vhdx', 'refused'],
  ['json:{}', 'C:\\vm\\top.vhdx', 'refused'],
  ['nbd://host/x', 'C:\\vm\\top.vhdx', 'refused'],
  ['C:\\', 'C:\\vm\\top.vhdx', 'refused'],
  ['', 'C:\\vm\\top.vhdx', 'refused'],
]

describe('what a reference inside an image means', () => {
  test.each(posix)('posix: %j in %j', (reference, from, path) => {
    expect(resolved(reference, from, 'posix')).toBe(path)
  })

  test.each(windows)('windows: %j in %j', (reference, from, path) => {
    expect(resolved(reference, from, 'windows')).toBe(path)
  })

  test('a refusal names file, reference and reason', () => {
    expect(() => resolveReference('nbd:x', { from: '/lib/top', rules: 'posix' })).toThrow(
      'L2 "/lib/top": it names another file as "nbd:x", which is not followed: it names a driver or a URL, not a file',
    )
  })
})
