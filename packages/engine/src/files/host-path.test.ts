import { expect, test } from 'vitest'
import { pathRules } from './host-path.ts'

const [mac, linux, windows] = [pathRules('darwin'), pathRules('linux'), pathRules('win32')]

test.each([
  ['/lib/\u00E9.raw', '/lib/e\u0301.raw', true],
  ['/lib/\u1E69.raw', '/lib/s\u0307\u0323.raw', true],
  ['/lib/한.raw', '/lib/\u1112\u1161\u11AB.raw', true],
  ['/Lib/ÜBER.raw', '/lib/u\u0308ber.raw', true],
  ['/lib/ΣΟΦΟΣ.raw', '/lib/σοφος.raw', true],
  ['/lib/x/../a.raw', '/lib/a.raw', true],
  ['/lib/\u{10400}.raw', '/lib/\u{10428}.raw', true],
  ['/lib/ss.raw', '/lib/ß.raw', false],
  ['/lib/\uFB01.raw', '/lib/fi.raw', false],
  ['/lib/a.raw', '/lib/a.raw ', false],
  ['/lib/a.raw', '/lib/á.raw', false],
  ['/lib/a\u200Bb.raw', '/lib/ab.raw', false],
])('%j is %j on a Mac: %s', (one, other, isSame) => {
  expect(mac.isSamePath(one, other)).toBe(isSame)
  expect(mac.isSamePath(other, one)).toBe(isSame)
  expect(mac.pathKey(one) === mac.pathKey(other)).toBe(isSame)
  expect(linux.isSamePath(one, other)).toBe(false)
})

test.each([
  ['/Lib/e\u0301/a.raw', '/lib/\u00C9', true],
  ['/lib', '/LIB', true],
  ['/lib/a', '/', true],
  ['/lib2/a', '/lib', false],
  ['/lib/../etc/a', '/lib', false],
])('%j below %j on a Mac: %s', (path, folder, isBelow) => {
  expect(mac.isBelowPath(path, folder)).toBe(isBelow)
})

test('names that are half a letter are compared as they are', () => {
  expect(mac.isSamePath('/lib/\uD800', '/lib/\uD800')).toBe(true)
  expect(mac.isSamePath('/lib/\uD800', '/lib/\uD801')).toBe(false)
})

test('each system has its own rules', () => {
  expect(linux.isBelowPath('/lib/a', '/LIB')).toBe(false)
  expect(linux.isBelowPath('/lib/a', '/lib')).toBe(true)
  expect([mac, linux].map((rules) => rules.isRealBelow('/LIB/a', '/lib'))).toEqual([false, false])
  expect(windows.isRealBelow('D:\\VM\\a', 'd:\\vm')).toBe(true)
  expect(windows.isBelowPath('D:\\vm\\a', 'd:/VM')).toBe(true)
})
