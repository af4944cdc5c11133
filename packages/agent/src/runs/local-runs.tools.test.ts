import { readdir } from 'node:fs/promises'
import { samplePlan } from '@varve/operations/testing/sample-plan'
import { tempPlace } from '@varve/test-kit/temp-place'
import { WorkerPool } from '@varve/engine/run/worker-pool'
import { sampleOutcome } from '@varve/operations/testing/sample-plan'
import { expect, test } from 'vitest'
import type { ActionAdapter, AdapterTable } from '../actions/adapter.ts'
import { openLocalRuns } from './local-runs.ts'

const stop = new AbortController().signal

/** Runs whose actions only note what they were called with; `held` waits until the run is given up. */
async function open({ held = '' } = {}) {
  const place = await tempPlace()
  const pool = new WorkerPool()
  const done: string[] = []
  const began = Promise.withResolvers<void>()
  const adapter = (name: string): ActionAdapter => ({
    tools: [],
    command: () => ({ argv: [] }),
    async run(input, { signal }) {
      done.push(name)
      if (name === held) {
        began.resolve()
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        })
      }
      return sampleOutcome(name, input)
    },
  })
  const names = ['write-image', 'prove-image', 'publish-image', 'discard-staged', 'set-aside']
  const adapters = Object.fromEntries(names.map((name) => [name, async () => adapter(name)])) as AdapterTable
  const tools = { find: async () => null, run: async () => Promise.reject(new Error('no tools')) }
  const ports = { roots: null, tools, pool, findWriters: null }
  const folder = place.file('runs')
  return {
    folder,
    done,
    began: began.promise,
    runs: openLocalRuns({ folder, adapters, ports }),
    async [Symbol.asyncDispose]() {
      await pool[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    },
  }
}

const run = { plan: samplePlan(), request: {}, accepted: [] }

test('a run that is over is put away, found by the beginning of its id, undone and put away again', async () => {
  await using here = await open()
  const state = await here.runs.start(run, { stop })
  expect(state.phase).toBe('succeeded')
  const names = async () => (await readdir(here.folder)).filter((name) => name !== 'turn.lock')
  expect(await names()).toEqual(['ended'])
  expect((await here.runs.find(state.id.slice(0, 5))).state.phase).toBe('succeeded')
  await expect(here.runs.resume(state.id, { stop })).rejects.toThrow(/it succeeded/u)
  const undone = await here.runs.undo(state.id, { stop })
  expect(undone.phase).toBe('undone')
  expect(await names()).toEqual(['ended'])
  expect(here.done.slice(3)).toEqual(['set-aside', 'discard-staged'])
})

test('two runs on one thing: the second is refused and names the first; the first can be canceled from elsewhere', async () => {
  await using here = await open({ held: 'prove-image' })
  const first = here.runs.start(run, { stop })
  await here.began
  const [known] = await here.runs.list()
  await expect(here.runs.start(run, { stop })).rejects.toThrow(`the run ${known?.state.id ?? ''}`)
  const canceled = await here.runs.cancel(known?.state.id ?? '', { stop })
  expect(canceled.phase).toBe('canceled')
  expect((await first).phase).toBe('canceled')
  expect(here.done).toEqual(['write-image', 'prove-image', 'discard-staged'])
  expect(
    (
      await here.runs.start(
        { ...run, plan: samplePlan({ target: '/c' }) },
        { stop, cancel: AbortSignal.abort() },
      )
    ).phase,
  ).toBe('canceled')
})

test('a run that is not there is not found', async () => {
  await using here = await open()
  await expect(here.runs.find('nothing')).rejects.toThrow(/no run of that name/u)
})
