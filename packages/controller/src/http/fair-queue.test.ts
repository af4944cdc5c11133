import { expect, test } from 'vitest'
import { createFairQueue } from './fair-queue.ts'

function fail(error: unknown): never {
  throw error
}

test('turns go around peers, and around the connections of one peer', async () => {
  const queue = createFairQueue(fail, () => 0)
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

/** Keeps the processor for some milliseconds. */
function busy(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

test('who asks for something now and then is served before those who always wait', async () => {
  const queue = createFairQueue(fail)
  const order: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const agents = Array.from({ length: 20 }, () => ({ peer: 'a' }))
  for (const agent of agents) {
    for (let index = 0; index < 3; index += 1) queue.push(agent, () => order.push('agent'))
  }
  queue.push({ peer: 'a' }, () => {
    // By now all agents have had a turn and wait for the next.
    for (let index = 0; index < 8; index += 1) queue.push({ peer: 'a' }, () => order.push('person'))
    queue.push(agents[0] ?? { peer: 'a' }, resolve)
  })
  await promise
  const after = order.slice(20)
  expect(after.slice(0, 10).filter((who) => who === 'person')).toHaveLength(8)
  expect(after.slice(0, 10).filter((who) => who === 'agent')).toHaveLength(2)
})

test('turns are counted by their time', async () => {
  const queue = createFairQueue(fail)
  const turns = { slow: 0, quick: 0 }
  const { promise, resolve } = Promise.withResolvers<void>()
  const [slow, quick] = [{ peer: 'a' }, { peer: 'b' }]
  for (let index = 0; index < 50; index += 1) {
    queue.push(slow, () => {
      busy(5)
      turns.slow += 1
    })
    queue.push(quick, () => (turns.quick += 1))
  }
  queue.push(quick, resolve)
  await promise
  expect(turns.quick).toBe(50)
  expect(turns.slow).toBeLessThan(25)
  queue.stop()
})
