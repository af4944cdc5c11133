import { expect, test } from 'vitest'
import { isBelowPath, isSamePath, plainPath } from './windows-path.ts'

test('names are compared without case and without the prefix of long ones', () => {
  expect(plainPath(String.raw`\\?\D:\vm\a.vhdx`)).toBe(String.raw`D:\vm\a.vhdx`)
  expect(plainPath(String.raw`\\?\UNC\nas\vm\a.vhdx`)).toBe(String.raw`\\?\UNC\nas\vm\a.vhdx`)
  expect(isSamePath(String.raw`\\?\d:\VM\Ü.vhdx`, String.raw`D:\vm\ü.vhdx`)).toBe(true)
  expect(isSamePath(String.raw`D:\vm\a.vhdx`, String.raw`E:\vm\a.vhdx`)).toBe(false)
})

test.each([
  ['D:\\vm\\a.vhdx', 'd:\\VM', true],
  ['D:\\vm\\a.vhdx', 'D:\\', true],
  ['D:\\vm', 'D:\\vm', true],
  ['D:/vm/a.vhdx', 'D:\\vm', true],
  ['D:\\vm2\\a.vhdx', 'D:\\vm', false],
  ['E:\\vm\\a.vhdx', 'D:\\', false],
  ['/lib/a.vhdx', '/lib', true],
])('%s below %s: %s', (path, folder, isBelow) => {
  expect(isBelowPath(path, folder)).toBe(isBelow)
})
