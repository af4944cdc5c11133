import { describe, expect, test } from 'vitest'
import { BufferPool } from './buffer-pool.ts'

const KiB = 1024
const { signal } = new AbortController()

describe('BufferPool', () => {
  test('lends memory again that came back', async () => {
    const pool = new BufferPool(64 * KiB)
    const first = await pool.take(5000, signal)
    expect(first.length).toBe(8192)
    pool.give(first)
    expect(await pool.take(8192, signal)).toBe(first)
  })

  test('who exceeds the limit waits in turn, also when a later one would fit', async () => {
    const pool = new BufferPool(16 * KiB)
    const served: string[] = []
    const held = await pool.take(8 * KiB, signal)
    const large = pool.take(16 * KiB, signal).then((buffer) => (served.push('large'), buffer))
    const small = pool.take(4 * KiB, signal).then(() => served.push('small'))
    await Promise.resolve()
    expect(served).toEqual([])
    pool.give(held)
    pool.give(await large)
    await small
    expect(served).toEqual(['large', 'small'])
    expect(pool.lent).toBe(4 * KiB)
  })

  test('who leaves while waiting lets the next one in', async () => {
    const pool = new BufferPool(16 * KiB)
    await pool.take(8 * KiB, signal)
    const leaving = new AbortController()
    const large = pool.take(16 * KiB, leaving.signal)
    const small = pool.take(4 * KiB, signal)
    leaving.abort(new Error('left'))
    await expect(large).rejects.toThrow('left')
    expect((await small).length).toBe(4 * KiB)
  })

  test('more than the whole pool is a mistake of the caller', async () => {
    await expect(new BufferPool(16 * KiB).take(17 * KiB, signal)).rejects.toThrow(RangeError)
  })
})
