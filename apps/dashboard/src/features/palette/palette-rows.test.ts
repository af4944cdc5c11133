import { expect, test } from 'vitest'
import { chosenRow, fits, inShownOrder, rowBeside, type PaletteRow } from './palette-rows.ts'

const row = (id: string, keywords?: string): PaletteRow => ({
  id,
  label: `Label of ${id}`,
  more: 'page',
  ...(keywords === undefined ? {} : { keywords }),
  run: () => undefined,
})

test.each([
  ['label', true],
  ['LABEL page', true],
  ['dark theme', true],
  ['label nothing', false],
])('%j finds it: %s', (query, expected) => {
  expect(fits(row('a', 'theme dark appearance'), query)).toBe(expected)
})

test('what comes late is put below what stands there, whatever its place would be', () => {
  const shown = inShownOrder([row('page'), row('image')], [])
  expect(shown.map(({ id }) => id)).toEqual(['page', 'image'])
  const later = inShownOrder(
    [row('host'), row('page'), row('early'), row('image')],
    shown.map(({ id }) => id),
  )
  expect(later.map(({ id }) => id)).toEqual(['page', 'image', 'host', 'early'])
})

test('what is gone leaves its place', () => {
  expect(inShownOrder([row('b')], ['a', 'b']).map(({ id }) => id)).toEqual(['b'])
})

test('Enter means the first row until another is chosen, and again when that one is gone', () => {
  const rows = [row('a'), row('b')]
  expect(chosenRow(rows, null)?.id).toBe('a')
  expect(chosenRow(rows, 'b')?.id).toBe('b')
  expect(chosenRow(rows, 'gone')?.id).toBe('a')
  expect(chosenRow([], 'a')).toBeNull()
})

test('arrows stop at the ends', () => {
  const rows = [row('a'), row('b'), row('c')]
  expect(rowBeside(rows, null, 1)).toBe('b')
  expect(rowBeside(rows, 'c', 1)).toBe('c')
  expect(rowBeside(rows, 'a', -1)).toBe('a')
  expect(rowBeside([], null, 1)).toBeNull()
})
