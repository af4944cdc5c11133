import { DiskError } from '@varve/core/problems/disk-error'
import type { JobRequest, JobResult } from '@varve/protocol/jobs'
import { StartRollout, type AgentProgram, type RolloutView } from '@varve/protocol/updates'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Jobs } from '../agents/jobs.ts'
import type { Presence } from '../agents/sessions.ts'
import type { AuditRecord } from '../audit/audit-log.ts'
import type { ReleaseState } from '../install/releases.ts'
import { openDatabase, type Db } from '../store/database.ts'
import { eventually } from '../testing/eventually.ts'
import { createUpdates, type Updates } from './updates.ts'

const sum = 'ab'.repeat(32)
const old = '1.2.2-00000000'
const next = `1.2.3-${sum.slice(0, 8)}`
const files = new Map(
  ['linux-x64'].map((target) => {
    const name = `varve-1.2.3-${target}.tar.gz`
    return [name, { name, sum, size: 1000 }]
  }),
)
const none = { script: null, reason: 'nothing is installed here' }
const served: ReleaseState = {
  release: { version: '1.2.3', files, scripts: { linux: none, windows: none, macos: none } },
  reason: null,
}

/** What becomes of a build that is started. */
type Fate =
  | 'is-told-later'
  | 'is-not-told'
  | 'does'
  | 'is-rolled-back'
  | 'does-not-work'
  | 'loses-a-library'
  | 'never-comes'
  | 'is-gone-later'

/** A host as the controller sees it: its agent starts anew when it is told to. */
class Host {
  program: AgentProgram | null = { build: old, target: 'linux-x64', isTried: false, rolledBack: null }
  libraries = ['images', 'more']
  instance = 1
  isConnected = true
  work: string | null = null
  isBusy = false
  fate: Fate = 'does'
  asked: string[] = []

  do(request: JobRequest): JobResult {
    if (request.kind === 'quarantine') {
      if (this.fate === 'does-not-work')
        throw new DiskError('input-output', { file: 'images', reason: 'it broke' })
      return { kind: 'quarantine', entries: [], more: 0, faults: [] }
    }
    if (request.kind !== 'update' || !this.program) throw new Error(`asked for a ${request.kind}`)
    this.asked.push(request.step)
    const { build, step } = request
    if (step === 'switch') {
      if (this.fate === 'is-not-told' || (this.fate === 'is-told-later' && this.asked.length < 4))
        throw new DiskError('agent-gone', { file: 'host', host: 'host' })
      if (this.isBusy) throw new DiskError('in-use', { file: 'host', by: 'work' })
      this.#startAs(build)
    }
    if (step === 'keep') {
      this.program = { ...this.program, isTried: false }
      if (this.fate === 'is-gone-later') this.isConnected = false
    }
    if (step === 'revert') {
      this.libraries = ['images', 'more']
      this.program = {
        ...this.program,
        build: old,
        isTried: false,
        rolledBack: rolledBack(request.reason ?? ''),
      }
      this.instance += 1
    }
    return { kind: 'update', build }
  }

  #startAs(build: string): void {
    this.instance += 1
    const program = { build, target: 'linux-x64', isTried: true, rolledBack: null }
    this.program =
      this.fate === 'is-rolled-back'
        ? { ...program, build: old, isTried: false, rolledBack: rolledBack('it ended') }
        : program
    if (this.fate === 'loses-a-library') this.libraries = ['images']
    if (this.fate === 'never-comes') this.isConnected = false
  }
}

const rolledBack = (reason: string) => ({ build: next, at: '2026-11-30T00:00:00Z', reason })

let db: Db
let updates: Updates
let fleet: Map<string, Host>
let told: string[]
let recorded: AuditRecord[]

beforeEach(() => {
  db = openDatabase(':memory:')
  fleet = new Map(Array.from({ length: 12 }, (_, at) => [`host-${String(at).padStart(2, '0')}`, new Host()]))
  told = []
  recorded = []
  updates = begin()
})

afterEach(() => {
  updates.stop()
  db.$client.close()
})

function begin(release = served): Updates {
  const jobs = {
    async start(host: string, request: JobRequest, { signal }: { signal: AbortSignal }) {
      signal.throwIfAborted()
      return at(host).do(request)
    },
  } as unknown as Pick<Jobs, 'start'>
  return createUpdates({
    db,
    jobs,
    sessions: {
      find: (name) => {
        const host = fleet.get(name)
        return host
          ? ({ name, isConnected: host.isConnected, instance: `${host.instance}` } as Presence)
          : null
      },
    },
    releases: async () => release,
    connected: () =>
      [...fleet].filter(([, host]) => host.isConnected).map(([name, { program }]) => ({ name, program })),
    knownHost: (name) => fleet.get(name) ?? null,
    onKept: () => undefined,
    workOf: (name) => at(name).work,
    note: (_, title) => told.push(title),
    record: (line) => recorded.push(line),
    onError: (error) => {
      throw error
    },
    times: { lookMs: 5, backMs: 100, staysMs: 20, returnMs: 1000, healthMs: 200 },
  })
}

function at(name: string): Host {
  const host = fleet.get(name)
  if (!host) throw new Error(`there is no ${name}`)
  return host
}

const start = async (wish: StartRollout = {}) =>
  updates.service.start(StartRollout.unwrap().parse({ soakSeconds: 0, ...wish }))

async function ended(): Promise<RolloutView> {
  return await eventually(async () => {
    const [newest] = (await updates.service.view()).rollouts
    return newest && newest.state !== 'open' && newest
  })
}

const stateOf = (view: RolloutView, name: string) => view.hosts.find((host) => host.name === name)

test('all hosts are updated, ring by ring', async () => {
  const begun = await start()
  expect([begun.rings, begun.state, begun.version]).toEqual([[1, 1, 10], 'open', '1.2.3'])
  const view = await ended()
  expect([view.state, view.reason, view.counts.updated]).toEqual(['done', '', 12])
  for (const host of fleet.values()) {
    expect(host.program).toMatchObject({ build: next, isTried: false })
    expect(host.asked).toEqual(['stage', 'switch', 'keep'])
  }
  expect(stateOf(view, 'host-03')).toMatchObject({ from: old, to: next, ring: 2, detail: '' })
  expect(told).toHaveLength(12)
  expect(told[0]).toBe('host-00 runs Varve 1.2.3')
  expect(recorded[0]).toMatchObject({ what: 'updates.host', on: ['host:host-00'], result: { state: 'ok' } })
  expect((await updates.service.view()).outdated).toEqual([])
  await expect(start()).rejects.toThrow('every host that is connected and can be updated has Varve 1.2.3')
})

describe('a host that does not do well stops it, and those of later rings are not touched', () => {
  test.each([
    ['is-rolled-back', 'rolled-back', 'it ended'],
    ['does-not-work', 'rolled-back', 'it broke'],
    ['loses-a-library', 'rolled-back', 'libraries are missing: more'],
    ['never-comes', 'failed', 'it has not come back within 0.1 seconds'],
    ['is-not-told', 'failed', 'it was told 3 times, and still runs as before'],
  ] as const)('%s', async (fate, state, detail) => {
    at('host-00').fate = fate
    await start()
    const view = await ended()
    expect([view.state, view.reason]).toEqual(['stopped', expect.stringContaining(detail)])
    expect(stateOf(view, 'host-00')).toMatchObject({ state, detail: expect.stringContaining(detail) })
    expect(view.counts).toMatchObject({ updated: 0, skipped: 11 })
    expect(at('host-01').asked).toEqual([])
    expect(recorded[0]).toMatchObject({ result: { state: 'failed', code: state } })
    if (state === 'rolled-back')
      expect(at('host-00')).toMatchObject({ program: { build: old }, libraries: ['images', 'more'] })
  })
})

test('a host that goes while its ring is watched stops it', async () => {
  at('host-00').fate = 'is-gone-later'
  await start()
  const view = await ended()
  expect([view.state, view.reason]).toEqual(['stopped', 'host-00: updated, and not there 0 seconds later'])
})

test('nothing is started anew while something runs there: as the controller knows it, and as the host does', async () => {
  at('host-00').work = 'Copy web01.qcow2'
  at('host-01').isBusy = true
  await start({ rings: ['100%'] })
  const waits = await eventually(async () => {
    const [view] = (await updates.service.view()).rollouts
    return view?.counts.updated === 10 && view
  })
  expect(stateOf(waits, 'host-00')).toMatchObject({
    state: 'waiting',
    detail: 'until its work is done: Copy web01.qcow2',
  })
  expect(at('host-00').asked).toEqual(['stage'])
  expect(at('host-01').program?.build).toBe(old)
  at('host-00').work = null
  at('host-01').isBusy = false
  expect((await ended()).counts.updated).toBe(12)
})

test('a host that was away when it was told is told again', async () => {
  at('host-00').fate = 'is-told-later'
  await start({ hosts: ['host-00'] })
  expect((await ended()).counts.updated).toBe(1)
  expect(at('host-00').asked).toEqual(['stage', 'switch', 'stage', 'switch', 'keep'])
})

test('canceled: what has not begun is left as it is', async () => {
  at('host-00').work = 'Copy web01.qcow2'
  const { id } = await start()
  await eventually(async () => at('host-00').asked.length > 0)
  updates.service.cancel(id)
  const view = await ended()
  expect([view.state, view.counts.skipped]).toEqual(['canceled', 12])
  expect([...fleet.values()].every(({ program }) => program?.build === old)).toBe(true)
})

test('a controller that is started again goes on where it was', async () => {
  at('host-00').work = 'Copy web01.qcow2'
  await start()
  await eventually(async () => at('host-00').asked.length > 0)
  updates.stop()
  at('host-00').work = null
  updates = begin()
  updates.start()
  expect((await ended()).counts.updated).toBe(12)
})

test('a controller that is started again waits for the agents to find it', async () => {
  at('host-00').work = 'Copy web01.qcow2'
  await start()
  await eventually(async () => at('host-00').asked.length > 0)
  updates.stop()
  at('host-00').work = null
  for (const host of fleet.values()) host.isConnected = false
  updates = begin()
  updates.start()
  setTimeout(() => {
    for (const host of fleet.values()) host.isConnected = true
  }, 100)
  expect((await ended()).counts.updated).toBe(12)
})

test('canceled before a controller is started again: who was starting anew comes to the end, nobody else begins', async () => {
  at('host-00').fate = 'never-comes'
  const { id } = await start()
  await eventually(async () => at('host-00').asked.includes('switch'))
  updates.service.cancel(id)
  updates.stop()
  at('host-00').isConnected = true
  updates = begin()
  updates.start()
  const view = await ended()
  expect([view.state, view.reason, view.counts.updated, view.counts.skipped]).toEqual([
    'canceled',
    'it was canceled',
    1,
    11,
  ])
  expect([...fleet.values()].filter(({ asked }) => asked.length > 0)).toHaveLength(1)
})

test('hosts that cannot be updated are said by name, and are left out when none are named', async () => {
  at('host-00').program = null
  at('host-01').isConnected = false
  at('host-02').program = { build: '1.3.0-11111111', target: 'linux-x64', isTried: false, rolledBack: null }
  at('host-03').program = { build: old, target: 'linux-arm64', isTried: false, rolledBack: null }
  const view = await updates.service.view()
  expect([view.outdated.length, view.otherwise]).toEqual([8, 1])
  for (const [host, reason] of [
    ['host-00', 'was not installed so'],
    ['host-01', 'is not connected'],
    ['host-02', 'has a newer one: 1.3.0-11111111'],
    ['host-03', 'nothing for linux-arm64'],
    ['nobody', 'there is no host of that name'],
  ] as const)
    await expect(start({ hosts: [host] })).rejects.toThrow(reason)
  await start()
  expect((await ended()).counts.updated).toBe(8)
})

test('one rollout at a time, and none without a release', async () => {
  at('host-00').work = 'Copy web01.qcow2'
  await start()
  await expect(start()).rejects.toThrow('Varve 1.2.3 is being rolled out')
  updates.stop()
  updates = begin({ release: null, reason: 'there is no folder' })
  await expect(start()).rejects.toThrow('no release is served: there is no folder')
})
