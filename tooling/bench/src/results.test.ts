import { expect, test } from 'vitest'
import { formatMatrix } from './format-matrix.ts'
import { type Result, formatResults, means, ratios } from './results.ts'
import { best, geometricMean, median } from './statistics.ts'

const MiB = 2 ** 20

function result(conversion: string, contestant: Result['contestant'], seconds: readonly number[]): Result {
  return {
    conversion,
    contestant,
    runs: seconds.map((each) => ({ seconds: each, cpuSeconds: each / 2 })),
    peakBytes: 100 * MiB,
  }
}

const results: Result[] = [
  result('a → b', 'varve, cached', [2, 1, 4]),
  result('a → b', 'qemu-img', [3, 3, 9]),
  result('b → c', 'varve, cached', [1]),
  result('b → c', 'qemu-img', [12]),
]

test('best, median and geometric mean', () => {
  expect(best([3, 1, 2])).toBe(1)
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  expect(geometricMean([2, 8])).toBeCloseTo(4)
})

test('a ratio above one means that varve is faster', () => {
  const pair = { of: 'varve, cached', against: 'qemu-img' }
  expect(ratios(results, 'a → b')).toEqual([{ ...pair, best: 3, median: 1.5 }])
  expect(ratios(results, 'other')).toEqual([])
  expect(means(results)[0]?.best).toBeCloseTo(6)
})

test('the table names each conversion once and ends with the means', () => {
  const lines = formatResults(results).split('\n')
  expect(lines).toHaveLength(6)
  expect(lines[1]).toMatch(
    /^a → b +varve, cached +1\.00 s +2\.00 s +0\.50 s +100 MiB +qemu-img 3\.00×, 1\.50×$/u,
  )
  expect(lines[2]).toMatch(/^ +qemu-img +3\.00 s +3\.00 s +1\.50 s +100 MiB$/u)
  expect(lines[5]).toBe('varve, cached: qemu-img 6.00×, 4.24× in the geometric mean')
})

test('the matrix has a cell for each pair that was measured, and counts those that are slower', () => {
  const pair = (conversion: string, own: number, theirs: number) => [
    result(conversion, 'varve, cached', [own]),
    result(conversion, 'qemu-img -W -m 16', [theirs]),
  ]
  const lines = formatMatrix([...pair('raw → qcow2', 1, 4), ...pair('qcow2 → raw', 2, 1)]).split('\n')
  expect(lines[0]).toMatch(/^from \\ to +raw +qcow2 +vmdk/u)
  expect(lines[1]).toMatch(/^raw +4\.00× \(4\.00×\) *$/u)
  expect(lines[2]).toMatch(/^qcow2 +0\.50× \(0\.50×\) *$/u)
  expect(lines.at(-2)).toContain('1.41× (1.41×) in the geometric mean over all pairs')
  expect(lines.at(-1)).toBe('pairs below 1.00×: 1 by the best runs, 1 by the median')
})
