import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ringsOf } from './rings.ts'

const hosts = (count: number) => Array.from({ length: count }, (_, at) => `host-${at}`)
const sizes = (count: number, bounds: string[]) => ringsOf(hosts(count), bounds).map((ring) => ring.length)

test.each([
  [1, ['1', '10%', '100%'], [1]],
  [3, ['1', '10%', '100%'], [1, 2]],
  [100, ['1', '10%', '100%'], [1, 9, 90]],
  [100, ['50%'], [50, 50]],
  [10, ['3', '5'], [3, 2, 5]],
  [0, ['1', '100%'], []],
])('%i hosts by %j', (count, bounds, expected) => {
  expect(sizes(count, bounds)).toEqual(expected)
})

test('every host is in one ring, in their order, and no ring is empty', () => {
  const bound = fc.oneof(
    fc.integer({ min: 1, max: 99_999 }).map(String),
    fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%`),
  )
  fc.assert(
    fc.property(fc.nat(300), fc.array(bound, { minLength: 1, maxLength: 10 }), (count, bounds) => {
      const rings = ringsOf(hosts(count), bounds)
      expect(rings.flat()).toEqual(hosts(count))
      expect(rings.every((ring) => ring.length > 0)).toBe(true)
    }),
  )
})
