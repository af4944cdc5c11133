import { expect, test } from 'vitest'
import { stripToPaths } from './strip-to-paths.ts'

test('equal neighbours are one run, absent cells draw nothing', () => {
  expect(stripToPaths('ffff0000ff')).toEqual({
    cells: 5,
    paths: [{ quarters: 4, path: 'M0 0H2V1H0ZM4 0H5V1H4Z' }],
    share: 0.6,
  })
})

test('a little data is still seen', () => {
  expect(stripToPaths('0100').paths).toEqual([{ quarters: 1, path: 'M0 0H1V1H0Z' }])
})

test('an empty strip has no cells and no share', () => {
  expect(stripToPaths('')).toEqual({ cells: 0, paths: [], share: 0 })
})
