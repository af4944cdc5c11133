import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesInRuns, eachRun, RunCollector, runsWithin } from './run-list.ts'

const size = 4096
const runs = fc.array(fc.tuple(fc.nat(size - 1), fc.nat(300)), { maxLength: 60 })

test('the list holds just the bytes that were added, in order, and its parts those of a range', () => {
  fc.assert(
    fc.property(runs, fc.nat(size), fc.nat(size), (added, a, b) => {
      const naive = new Uint8Array(size)
      const collector = new RunCollector()
      for (const [start, length] of added) {
        const end = Math.min(size, start + length)
        naive.fill(1, start, Math.max(start, end))
        collector.add({ start, end })
      }
      const list = collector.list()
      const [from, to] = [Math.min(a, b), Math.max(a, b)]
      const found = new Uint8Array(size)
      let last = -1
      for (const { start, end } of eachRun(list)) {
        expect(start).toBeGreaterThan(last)
        last = end
        found.fill(1, start, end)
      }
      expect(found).toEqual(naive)
      expect(bytesInRuns(list)).toBe(naive.reduce((sum, one) => sum + one, 0))
      const part = new Uint8Array(size)
      for (const { start, end } of runsWithin(list, { start: from, end: to })) part.fill(1, start, end)
      expect(part.subarray(from, to)).toEqual(naive.subarray(from, to))
      expect(part.subarray(0, from).includes(1) || part.subarray(to).includes(1)).toBe(false)
    }),
  )
})

test('of too many runs the shortest are left out, and nothing is added to the rest', () => {
  const collector = new RunCollector({ most: 16 })
  for (let index = 0; index < 1000; index += 1) {
    const start = index * 1_000_000
    collector.add({ start, end: start + (index % 10 === 0 ? 500_000 : 2048) })
  }
  const list = [...eachRun(collector.list())]
  expect(list.length).toBeGreaterThan(0)
  expect(list.length).toBeLessThanOrEqual(16)
  for (const { start, end } of list) {
    const index = start / 1_000_000
    expect(end - start).toBe(index % 10 === 0 ? 500_000 : 2048)
  }
})
