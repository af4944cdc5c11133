import { expect, test } from 'vitest'
import { type Result, best, formatResults, median, ratios } from './results.ts'

const results: Result[] = [
  { conversion: 'a → b', contestant: 'varve', seconds: [2, 1, 4], peakBytes: 100 * 2 ** 20 },
  { conversion: 'a → b', contestant: 'qemu-img', seconds: [3, 3, 9], peakBytes: 2 ** 20 },
]

test('best and median', () => {
  expect(best([3, 1, 2])).toBe(1)
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
})

test('a ratio above one means that varve is faster', () => {
  expect(ratios(results, 'a → b')).toEqual([{ against: 'qemu-img', best: 3, median: 1.5 }])
  expect(ratios(results, 'other')).toEqual([])
})

test('the table names each program once per conversion', () => {
  const lines = formatResults(results).split('\n')
  expect(lines).toHaveLength(3)
  expect(lines[1]).toMatch(/^a → b +varve +1\.00 s +2\.00 s +100 MiB$/u)
  expect(lines[2]).toMatch(/^ +qemu-img +3\.00 s +3\.00 s +1 MiB +3\.00×, 1\.50×$/u)
})
