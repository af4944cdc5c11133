import { expect, test } from 'vitest'
import { nameFrom } from './backing.ts'

test('a backing file beside the overlay or below it is named relatively', () => {
  expect(nameFrom('/vm/web.qcow2', '/vm/base.qcow2')).toBe('base.qcow2')
  expect(nameFrom('/vm/web.qcow2', '/vm/bases/debian.qcow2')).toBe('bases/debian.qcow2')
  expect(nameFrom('/vm/web.qcow2', '/vm/..base.qcow2')).toBe('..base.qcow2')
})

test('any other by its whole path', () => {
  expect(nameFrom('/vm/web/web.qcow2', '/vm/base.qcow2')).toBe('/vm/base.qcow2')
})

test('a colon is not taken for a protocol', () => {
  expect(nameFrom('/vm/web.qcow2', '/vm/json:{}')).toBe('./json:{}')
  expect(nameFrom('/vm/web.qcow2', '/vm/a/b:c')).toBe('a/b:c')
})
