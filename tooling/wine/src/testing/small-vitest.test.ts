import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as small from './small-vitest.ts'

const code = small.expect.objectContaining({ code: 'EEXIST' })
const throwing = (error: unknown) => () => {
  throw error
}

describe('what stands in for vitest', () => {
  test.each([
    ['toBe', () => small.expect(1).toBe(2), () => small.expect(1).toBe(1)],
    ['toBeNull', () => small.expect(0).toBeNull(), () => small.expect(null).toBeNull()],
    ['toEqual', () => small.expect([1]).toEqual([2]), () => small.expect([1]).toEqual([1])],
    ['toBeGreaterThan', () => small.expect(1).toBeGreaterThan(1), () => small.expect(2).toBeGreaterThan(1)],
    [
      'toBeLessThanOrEqual',
      () => small.expect(2).toBeLessThanOrEqual(1),
      () => small.expect(1).toBeLessThanOrEqual(1),
    ],
    [
      'toThrow, another error',
      () => small.expect(throwing({ code: 'EPERM' })).toThrow(code),
      () => small.expect(throwing({ code: 'EEXIST', more: 1 })).toThrow(code),
    ],
    ['toThrow, none', () => small.expect(() => 1).toThrow(code), () => {}],
  ])('%s fails what is not so, and nothing else', (_, wrong, right) => {
    expect(wrong).toThrow(Error)
    expect(right).not.toThrow()
  })

  let said: string[] = []
  beforeEach(() => {
    said = []
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      said.push(String(text))
      return true
    })
  })
  afterEach(() => vi.restoreAllMocks())

  test('each test is told by its names, with its error, also one that is awaited', async () => {
    small.describe('outer', () => {
      small.test('passes', async () => {})
      small.describe('inner', () => small.test('fails', async () => Promise.reject(new Error('no'))))
    })
    await small.runPlanned()
    const told = JSON.parse(said.join('')) as small.Told[]
    expect(told).toEqual([
      { name: 'outer > passes', error: null },
      { name: 'outer > inner > fails', error: expect.stringContaining('no') },
    ])
  })
})
