import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chunkSize } from '@varve/core/digest/disk-digest'
import type { DiskReader } from '@varve/core/disk/disk-reader'
import type { Extent } from '@varve/core/ranges/extent'
import { chunkStates } from './requests.ts'
import { ChunkBoard, type Claim, makeBoardMemory } from './chunk-board.ts'
import { dataInUnits, surveyDisk } from './survey-disk.ts'

function boardWith(chunks: number, data: readonly number[]): ChunkBoard {
  const board = new ChunkBoard(makeBoardMemory(chunks * chunkSize))
  for (const index of data) board.states[index] = chunkStates.waiting
  board.openGate()
  return board
}

function claimAll(board: ChunkBoard): Claim[] {
  const claims: Claim[] = []
  for (let claim = board.claim(); claim !== null; claim = board.claim()) claims.push(claim)
  return claims
}

test('chunks with data are taken once each, in rising order', () => {
  const board = boardWith(10, [7, 2, 3, 9])
  expect(claimAll(board).map(({ index }) => index)).toEqual([2, 3, 7, 9])
})

test('the last chunk is as long as what is left', () => {
  const board = new ChunkBoard(makeBoardMemory(chunkSize + 5))
  board.states.fill(chunkStates.waiting)
  board.openGate()
  expect(claimAll(board).map(({ length }) => length)).toEqual([chunkSize, 5])
})

test('each turn comes when the one before it was passed', () => {
  const board = boardWith(10, [1, 4, 8])
  const claims = claimAll(board)
  for (const claim of claims) {
    expect(board.waitTurn(claim)).toBe(true)
    board.passTurn(claim)
  }
})

test('a thread that waits for its turn gets it from another', async () => {
  const board = boardWith(3, [0, 2])
  const [first, second] = claimAll(board)
  if (!first || !second) throw new Error('two claims')
  const order: string[] = []
  const waiting = board.untilTurn(second).then((isTurn) => order.push(`second ${isTurn}`))
  order.push('first')
  board.passTurn(first)
  await waiting
  expect(order).toEqual(['first', 'second true'])
})

test('one thread has the pen at a time', () => {
  const memory = makeBoardMemory(3 * chunkSize)
  const [one, other] = [new ChunkBoard(memory), new ChunkBoard(memory)]
  expect(one.takePen(false)).toBe(true)
  expect(other.takePen(false)).toBeNull()
  one.layPen()
  expect(other.takePen(true)).toBe(true)
  expect(one.takePen(false)).toBeNull()
  other.stop()
  expect(one.takePen(true)).toBe(false)
})

test('a thread that waits for the pen gets it from another', async () => {
  const memory = makeBoardMemory(chunkSize)
  const board = new ChunkBoard(memory)
  board.takePen(false)
  const url = new URL('chunk-board.ts', import.meta.url).href
  const code = `import(workerData.url).then(({ ChunkBoard }) => {
    const board = new ChunkBoard(workerData.memory)
    parentPort.postMessage('waiting')
    parentPort.postMessage(board.takePen(true) ? 'taken' : 'stopped')
    board.layPen()
  })`
  const source = `const { parentPort, workerData } = require('node:worker_threads')\n${code}`
  const worker = new Worker(source, { eval: true, workerData: { url, memory } })
  const told: string[] = []
  worker.on('message', (text: string) => {
    told.push(text)
    if (text === 'waiting') setTimeout(() => (told.push('laid down'), board.layPen()), 20)
  })
  await once(worker, 'exit')
  expect(told).toEqual(['waiting', 'laid down', 'taken'])
  expect(board.takePen(false)).toBe(true)
})

test('stopping wakes who waits, and nothing is taken afterwards', async () => {
  const board = boardWith(3, [0, 1, 2])
  const first = board.claim()
  const second = board.claim()
  if (!first || !second) throw new Error('two claims')
  const waiting = board.untilTurn(second)
  board.stop()
  expect(await waiting).toBe(false)
  board.passTurn(first)
  expect(board.waitTurn(second)).toBe(false)
  expect(board.claim()).toBeNull()
  expect(board.isStopped).toBe(true)
})

test('nothing from the end on is taken', () => {
  const board = boardWith(10, [1, 5, 6])
  board.endBefore(6)
  board.endBefore(8)
  expect(claimAll(board).map(({ index }) => index)).toEqual([1, 5])
})

test('totals count bytes of done and of skipped chunks', () => {
  const board = boardWith(3, [0, 1])
  const [first, second] = claimAll(board)
  if (!first || !second) throw new Error('two claims')
  board.finish(first, chunkStates.written)
  board.finish(second, chunkStates.skipped)
  board.addWaited('input', 1500)
  board.addShared(5)
  board.addShared(7)
  expect(board.totals).toEqual({
    doneBytes: 2 * chunkSize,
    skippedBytes: chunkSize,
    sharedBytes: 12,
    waited: { input: 1.5, output: 0 },
  })
})

test('a survey marks exactly the chunks that meet data', async () => {
  const lengths = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 20_000_000 }), fc.constantFrom('absent', 'zero', 'data')),
  )
  await fc.assert(
    fc.asyncProperty(lengths, async (parts) => {
      const extents: Extent[] = []
      let size = 0
      for (const [length, content] of parts) {
        extents.push({ start: size, length, content })
        size += length
      }
      const board = new ChunkBoard(makeBoardMemory(size))
      const marked: { readonly chunks: number; readonly states: readonly number[] }[] = []
      const onMarked = (chunks: number) =>
        marked.push({ chunks, states: [...board.states.subarray(0, chunks)] })
      const survey = await surveyDisk(diskOf(size, extents), board.states, { onMarked })
      board.openGate()
      const data = extents.filter(({ content }) => content === 'data')
      const meets = (index: number) =>
        data.some((e) => e.start < (index + 1) * chunkSize && e.start + e.length > index * chunkSize)
      const expected = Array.from({ length: Math.ceil(size / chunkSize) }, (_, index) =>
        meets(index) ? chunkStates.waiting : chunkStates.skipped,
      )
      expect([...board.states]).toEqual(expected)
      for (const { chunks, states } of marked) expect(states).toEqual(expected.slice(0, chunks))
      const claims = claimAll(board)
      expect(survey.chunkBytes).toBe(claims.reduce((sum, claim) => sum + claim.length, 0))
      expect(survey.dataBytes).toBe(data.reduce((sum, extent) => sum + extent.length, 0))
    }),
  )
})

test('data is widened to whole units, none counted twice', async () => {
  const extents: Extent[] = [
    { start: 0, length: 100, content: 'data' },
    { start: 100, length: 100, content: 'zero' },
    { start: 200, length: 3900, content: 'data' },
    { start: 4100, length: 5000, content: 'absent' },
    { start: 9100, length: 10, content: 'data' },
  ]
  expect(await dataInUnits(diskOf(9110, extents), 4096)).toEqual({ dataBytes: 3 * 4096, chunkBytes: 9110 })
})

function diskOf(size: number, extents: readonly Extent[]): DiskReader {
  return {
    name: 'memory',
    virtualSize: size,
    async *extents() {
      yield* extents
    },
    async readInto(target) {
      target.fill(0)
    },
  }
}
