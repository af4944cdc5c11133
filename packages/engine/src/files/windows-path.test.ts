import { expect, test } from 'vitest'
import { isBelowPath, isSameFolder, isSamePath, pathKey, plainPath } from './windows-path.ts'

test('names are compared without case and without the prefix of long ones', () => {
  expect(plainPath(String.raw`\\?\D:\vm\a.vhdx`)).toBe(String.raw`D:\vm\a.vhdx`)
  expect(plainPath(String.raw`\\?\UNC\nas\vm\a.vhdx`)).toBe(String.raw`\\nas\vm\a.vhdx`)
  expect(plainPath(String.raw`\\?\Volume{1}\a.vhdx`)).toBe(String.raw`\\?\Volume{1}\a.vhdx`)
})

test.each([
  [String.raw`\\?\d:\VM\Ü.vhdx`, String.raw`D:\vm\ü.vhdx`, true],
  [String.raw`\\?\unc\NAS\vm\a.vhdx`, String.raw`\\nas\VM\a.vhdx`, true],
  ['D:/vm/a.vhdx', String.raw`D:\vm\a.vhdx`, true],
  [String.raw`D:\vm\x\..\a.vhdx`, String.raw`D:\vm\a.vhdx`, true],
  [String.raw`C:\ClusterStorage\Volume1\a.vhdx`, String.raw`c:\clusterstorage\volume1\A.VHDX`, true],
  [String.raw`D:\vm\a.vhdx`, String.raw`E:\vm\a.vhdx`, false],
  // Letters that Unicode takes for each other and NTFS does not, and marks that nobody sees.
  ['D:\\\u212A.vhdx', 'D:\\k.vhdx', false],
  ['D:\\\u0131.vhdx', 'D:\\i.vhdx', false],
  ['D:\\ß.vhdx', 'D:\\ss.vhdx', false],
  ['D:\\a\u200Fb.vhdx', 'D:\\ab.vhdx', false],
  ['D:\\e\u0301.vhdx', 'D:\\\u00E9.vhdx', false],
  ['D:\\a.vhdx ', 'D:\\a.vhdx', false],
])('%j is %j: %s', (one, other, isSame) => {
  expect(isSamePath(one, other)).toBe(isSame)
  expect(pathKey(one) === pathKey(other)).toBe(isSame)
})

test.each([
  ['D:\\vm\\a.vhdx', 'd:\\VM', true],
  ['D:\\vm\\a.vhdx', 'D:\\', true],
  ['D:\\vm', 'D:\\vm', true],
  ['D:/vm/a.vhdx', 'D:\\vm', true],
  ['\\\\?\\UNC\\nas\\vm\\a.vhdx', '\\\\nas\\vm', true],
  ['D:\\vm2\\a.vhdx', 'D:\\vm', false],
  ['D:\\vm\\..\\other\\a.vhdx', 'D:\\vm', false],
  ['E:\\vm\\a.vhdx', 'D:\\', false],
  ['/lib/a.vhdx', '/lib', true],
])('%s below %s: %s', (path, folder, isBelow) => {
  expect(isBelowPath(path, folder)).toBe(isBelow)
})

test.each([
  ['D:\\mnt\\', 'd:\\MNT', true],
  ['E:\\', 'e:', true],
  ['D:\\mnt\\', 'D:\\mnt2', false],
])('the folder %s is %s: %s', (one, other, isSame) => {
  expect(isSameFolder(one, other)).toBe(isSame)
})
