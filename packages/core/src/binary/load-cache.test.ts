import { describe, expect, test } from 'vitest'
import { loadCache } from './load-cache.ts'

function countingCache(maxBytes: number) {
  const loads: number[] = []
  const cache = loadCache<string>({ maxBytes, sizeOf: (text) => text.length })
  const get = async (key: number, text = String(key)) =>
    await cache.get(key, async () => {
      loads.push(key)
      return text
    })
  return { cache, loads, get }
}

describe('loadCache', () => {
  test('loads once, also for callers at the same time', async () => {
    const { cache, loads, get } = countingCache(100)
    expect(cache.peek(1)).toBeUndefined()
    expect(await Promise.all([get(1), get(1), get(1)])).toEqual(['1', '1', '1'])
    expect(await get(1)).toBe('1')
    expect(cache.peek(1)).toBe('1')
    expect(loads).toEqual([1])
  })

  test('the longest unused goes first', async () => {
    const { cache, loads, get } = countingCache(2)
    await get(1)
    await get(2)
    cache.peek(1)
    await get(3)
    expect([cache.peek(1), cache.peek(2), cache.peek(3)]).toEqual(['1', undefined, '3'])
    await get(2)
    expect(loads).toEqual([1, 2, 3, 2])
  })

  test('a value above the limit is kept alone', async () => {
    const { cache, get } = countingCache(3)
    await get(1)
    await get(2, 'very long')
    expect([cache.peek(1), cache.peek(2)]).toEqual([undefined, 'very long'])
    await get(3)
    expect([cache.peek(2), cache.peek(3)]).toEqual([undefined, '3'])
  })

  test('a load that fails is tried again', async () => {
    const { cache, get } = countingCache(10)
    await expect(cache.get(1, async () => Promise.reject(new Error('torn')))).rejects.toThrow('torn')
    expect(await get(1)).toBe('1')
  })
})

test('there is room until what is kept would have to go', async () => {
  const cache = loadCache<number>({ maxBytes: 10, sizeOf: (value) => value })
  await cache.get(1, async () => 6)
  expect([cache.hasRoomFor(4), cache.hasRoomFor(5)]).toEqual([true, false])
})
