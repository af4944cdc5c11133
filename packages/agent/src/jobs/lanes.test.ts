import { describe, expect, test } from 'vitest'
import { Lanes } from './lanes.ts'

const never = new AbortController().signal

async function settled(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false
  promise.then(
    () => (isSettled = true),
    () => (isSettled = true),
  )
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
  return isSettled
}

describe('Lanes', () => {
  test('as many as the lane is wide, then in order', async () => {
    const lanes = new Lanes({ a: 2, b: 1 })
    const first = await lanes.enter('a', never)
    await lanes.enter('a', never)
    const third = lanes.enter('a', never)
    const fourth = lanes.enter('a', never)
    expect(await settled(third)).toBe(false)
    expect(await settled(lanes.enter('b', never))).toBe(true)
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    expect(await settled(third)).toBe(true)
    expect(await settled(fourth)).toBe(false)
  })

  test('one who gives up leaves the line', async () => {
    const lanes = new Lanes({ a: 1 })
    const first = await lanes.enter('a', never)
    const stop = new AbortController()
    const second = lanes.enter('a', stop.signal)
    const third = lanes.enter('a', never)
    stop.abort(new Error('enough'))
    await expect(second).rejects.toThrow('enough')
    first[Symbol.dispose]()
    expect(await settled(third)).toBe(true)
  })

  test('who has given up already does not enter', async () => {
    await expect(new Lanes({ a: 1 }).enter('a', AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
  })
})
