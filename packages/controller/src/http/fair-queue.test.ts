import { expect, test } from 'vitest'
import { createFairQueue } from './fair-queue.ts'

function fail(error: unknown): never {
  throw error
}

test('turns go around peers, and around the connections of one peer', async () => {
  const queue = createFairQueue(fail)
  const order: string[] = []
  const [a1, a2, b1] = [{ peer: 'a' }, { peer: 'a' }, { peer: 'b' }]
  const { promise, resolve } = Promise.withResolvers<void>()
  for (let index = 0; index < 4; index += 1) queue.push(a1, () => order.push(`a1-${index}`))
  queue.push(a2, () => order.push('a2'))
  queue.push(b1, () => order.push('b1-0'))
  queue.push(b1, () => order.push('b1-1'))
  queue.push(a1, resolve)
  await promise
  expect(order).toEqual(['a1-0', 'b1-0', 'a2', 'b1-1', 'a1-1', 'a1-2', 'a1-3'])
})

test('between two turns others run', async () => {
  const queue = createFairQueue(fail)
  const order: string[] = []
  const asker = { peer: 'a' }
  const first = queue.turn(asker).then(() => order.push('first'))
  const second = queue.turn(asker).then(() => order.push('second'))
  await first
  await new Promise((resolve) => setImmediate(resolve))
  order.push('between or after')
  await second
  expect(order[0]).toBe('first')
  expect(order).toContain('second')
})

test('work that throws does not stop the others', async () => {
  const errors: unknown[] = []
  const queue = createFairQueue((error) => errors.push(error))
  const asker = { peer: 'a' }
  queue.push(asker, () => fail(new Error('broken')))
  await queue.turn(asker)
  expect(errors).toHaveLength(1)
})
