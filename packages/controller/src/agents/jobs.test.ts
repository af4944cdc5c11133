import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { protocolVersion } from '@varve/protocol/primitives'
import type { Caller } from '../router/context.ts'
import { openDatabase, type Db } from '../store/database.ts'
import { commandsAfter, runningJobs } from '../store/jobs-store.ts'
import { sampleFacts, sampleReport } from '../testing/samples.ts'
import { createHearing } from './hearing.ts'
import { createJobs, type Jobs } from './jobs.ts'
import { createSessions, type Sessions } from './sessions.ts'

let db: Db
let sessions: Sessions
let jobs: Jobs
let stream: AbortController

beforeEach(async () => {
  vi.useFakeTimers()
  db = openDatabase(':memory:')
  const hearing = createHearing()
  hearing.start()
  sessions = createSessions({
    db,
    hearing,
    differing: () => [],
    controllerVersion: '1',
    subscribeMs: 1e9,
    admit: () => undefined,
    onClone: () => undefined,
    barred: () => [],
    roots: () => [],
    start: { number: 1, id: 'start' },
    onSeen: async () => undefined,
    onHello: () => undefined,
    onPresence: () => undefined,
  })
  jobs = createJobs({
    db,
    sessions,
    graceMs: 60_000,
    cancelMs: 5000,
    onChange: () => undefined,
    onError: (error) => {
      throw error
    },
  })
  await sayHello('instance-1')
  stream = new AbortController()
})

afterEach(() => {
  jobs.stop()
  sessions.stop()
  stream.abort()
  vi.useRealTimers()
})

async function sayHello(instance: string, known: string[] = []) {
  const hello = {
    protocolVersion,
    instance,
    facts: sampleFacts('north'),
    jobs: known,
    inventory: [],
    seen: { start: null, command: 0 },
    boot: null,
  }
  const { session } = await sessions.hello(hello, caller)
  const host = sessions.hostOf({ session, caller })
  jobs.reconcile(host, hello)
  return host
}

const caller: Caller = {
  peer: '127.0.0.1',
  origin: 'http://127.0.0.1:7070',
  identity: { kind: 'local' },
  isAlive: async () => false,
  end: () => undefined,
  call: async (work) => work(),
  stream: () => ({ [Symbol.dispose]: () => undefined }),
  drained: async () => undefined,
}

const request = { kind: 'inspect', library: 'images', name: 'a.vmdk' } as const
const result = { kind: 'inspect', report: sampleReport('/srv/north/a.vmdk') } as const

function start(signal = new AbortController().signal) {
  const ending = jobs.start<'inspect'>('north', request, {
    idempotencyKey: 'key-1',
    title: 'Inspect a.vmdk',
    noProgressSeconds: 60,
    signal,
  })
  ending.catch(() => undefined)
  return ending
}

const jobId = () => runningJobs(db, 'north')[0]?.id ?? ''
const told = () =>
  commandsAfter(db, { host: 'north', instance: 'instance-1' }, 0).map(({ value }) => value.kind)
const agent = () => sessions.find('north') ?? { name: '', instance: '', session: '' }

test('a job without progress is canceled, told of as no-progress, and its late result changes nothing', async () => {
  const ending = start()
  await vi.advanceTimersByTimeAsync(65_000)
  const id = jobId()
  jobs.report(agent(), [
    {
      kind: 'progress',
      jobId: id,
      progress: {
        done: 1,
        total: 2,
        unit: 'bytes',
        seconds: null,
        skipped: null,
        rate: null,
        limitedBy: null,
        chunkMap: null,
      },
    },
  ])
  await vi.advanceTimersByTimeAsync(65_000)
  expect(told()).toEqual(['start-job'])
  await vi.advanceTimersByTimeAsync(10_000)
  await expect(ending).rejects.toMatchObject({ code: 'no-progress' })
  expect(told()).toEqual(['start-job', 'cancel-job'])
  jobs.report(agent(), [{ kind: 'succeeded', jobId: id, result }])
  await expect(start()).rejects.toMatchObject({ code: 'no-progress' })
})

test('the same key waits for the same job, and gets its kept result later', async () => {
  const [first, second] = [start(), start()]
  await vi.advanceTimersByTimeAsync(0)
  expect(told()).toEqual(['start-job'])
  jobs.report(agent(), [{ kind: 'succeeded', jobId: jobId(), result }])
  expect(await first).toEqual(await second)
  expect(await start()).toEqual(result)
  expect(told()).toEqual(['start-job'])
})

test('a cancel that the agent does not confirm ends the job all the same', async () => {
  const stop = new AbortController()
  const ending = start(stop.signal)
  await vi.advanceTimersByTimeAsync(0)
  stop.abort()
  await vi.advanceTimersByTimeAsync(4000)
  expect(runningJobs(db, null)).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1500)
  await expect(ending).rejects.toMatchObject({ code: 'canceled' })
  expect(told()).toEqual(['start-job', 'cancel-job'])
})

test('an answer of another kind is a fault of the agent', async () => {
  const ending = start()
  await vi.advanceTimersByTimeAsync(0)
  jobs.report(agent(), [{ kind: 'succeeded', jobId: jobId(), result: { kind: 'discard' } }])
  await expect(ending).rejects.toMatchObject({ code: 'refused' })
})

test('a word from another host or an earlier process is not heard', async () => {
  void start()
  await vi.advanceTimersByTimeAsync(0)
  const id = jobId()
  jobs.report({ ...agent(), name: 'south' }, [{ kind: 'succeeded', jobId: id, result }])
  jobs.report({ ...agent(), instance: 'instance-0' }, [{ kind: 'succeeded', jobId: id, result }])
  expect(jobId()).toBe(id)
})

test('a new process of the agent does not know the job, which fails at once', async () => {
  const ending = start()
  await vi.advanceTimersByTimeAsync(0)
  await sayHello('instance-2')
  await expect(ending).rejects.toMatchObject({ code: 'agent-gone' })
})

test('a reconnect goes on with the job; one that nobody wants is canceled', async () => {
  void start()
  await vi.advanceTimersByTimeAsync(0)
  const id = jobId()
  await sayHello('instance-1', [id, 'forgotten'])
  expect(jobId()).toBe(id)
  expect(told()).toEqual(['cancel-job'])
})

test('a host that was never seen is gone at once', async () => {
  const settings = {
    idempotencyKey: 'k',
    title: 't',
    noProgressSeconds: 1,
    signal: new AbortController().signal,
  }
  const ending = expect(jobs.start('nowhere', request, settings)).rejects.toMatchObject({
    code: 'agent-gone',
  })
  await vi.advanceTimersByTimeAsync(1)
  await ending
})
