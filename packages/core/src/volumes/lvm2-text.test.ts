import { expect, test } from 'vitest'
import { DiskError } from '../problems/disk-error.ts'
import { listIn, numberIn, parseLvmText, sectionIn, sectionsIn, textIn } from './lvm2-text.ts'

const parse = (text: string) => parseLvmText(text, 'disk.img')

test('values, lists, sections and comments', () => {
  const root = parse(`
    # a comment with { and "
    vg0 {
      id = "abc\\"d"   # behind
      extent_size = 8192
      status = ["READ", "WRITE"]
      empty = []
      pv0 { stripes = [ "pv0", 12 ] }
    }`)
  const group = sectionIn(root, 'vg0')!
  expect(textIn(group, 'id')).toBe('abc"d')
  expect(numberIn(group, 'extent_size')).toBe(8192)
  expect(listIn(group, 'status')).toEqual(['READ', 'WRITE'])
  expect(listIn(group, 'empty')).toEqual([])
  expect(sectionsIn(group).map(({ name }) => name)).toEqual(['pv0'])
  expect(listIn(sectionIn(group, 'pv0')!, 'stripes')).toEqual(['pv0', 12])
})

test('names may begin with digits or be digits only', () => {
  const root = parse('2024vg { 1 { x = 12 } 3.5-b { } }')
  const group = sectionIn(root, '2024vg')!
  expect(sectionsIn(group).map(({ name }) => name)).toEqual(['1', '3.5-b'])
  expect(numberIn(sectionIn(group, '1')!, 'x')).toBe(12)
})

test('a megabyte of text in one value, ended or not', () => {
  const long = 'x'.repeat(1024 * 1024)
  expect(textIn(parse(`a = "${long}"`), 'a')).toBe(long)
  expect(() => parse(`a = "${long}`)).toThrow(DiskError)
  expect(() => parse('a = ' + '"\\'.repeat(300_000))).toThrow(DiskError)
})

test('what is not there, or is of another kind', () => {
  const root = parse('a = 1 b = "x" c = [1] d { }')
  expect(sectionIn(root, 'a')).toBeNull()
  expect(sectionIn(root, 'c')).toBeNull()
  expect(numberIn(root, 'b')).toBeNull()
  expect(textIn(root, 'a')).toBeNull()
  expect(listIn(root, 'd')).toEqual([])
  expect(numberIn(parse('n = -1'), 'n')).toBeNull()
  expect(numberIn(parse('n = 1.5'), 'n')).toBeNull()
  expect(textIn(parse('__proto__ { x = 1 }'), 'toString')).toBeNull()
})

test.each([
  ['a section that does not end', 'a { b = 1'],
  ['a list that does not end', 'a = [ 1, 2'],
  ['text that does not end', 'a = "x'],
  ['a value without a name', '= 1'],
  ['a name without a value', 'a'],
  ['a stray end', 'a = 1 }'],
  ['bytes that make no sense', 'a = \u0001'],
  ['deep sections', 'a { '.repeat(50) + '} '.repeat(50)],
  ['deep lists', 'a = ' + '['.repeat(50) + ']'.repeat(50)],
])('%s is corrupt', (_, text) => {
  expect(() => parse(text)).toThrow(DiskError)
})
