import { DiskError } from '@varve/core/problems/disk-error'
import { migrateStepIds } from '@varve/core/operations/plan-migrate'
import { expect, test, vi } from 'vitest'
import { openDatabase } from '../store/database.ts'
import { aftermathOf } from './aftermath.ts'
import { migrateSteps } from './migrate-steps.ts'
import { decideAfterError } from './step.ts'

const gone = new DiskError('agent-gone', { file: 'south', host: 'south' })
const changed = new DiskError('source-changed', { file: 'a.vmdk', change: 'size' })
const step = { times: 3, pointOfNoReturn: false }

test.each([
  ['what may pass is tried again', gone, { step, attempt: 1, cancelRequested: false }, 'retry'],
  ['but only so often', gone, { step, attempt: 3, cancelRequested: false }, 'fail'],
  ['what does not pass fails at once', changed, { step, attempt: 1, cancelRequested: false }, 'fail'],
  ['an unknown error fails', new Error('bug'), { step, attempt: 1, cancelRequested: false }, 'fail'],
  ['a cancel wins over any error', gone, { step, attempt: 1, cancelRequested: true }, 'cancel'],
  [
    'but not after the point of no return',
    gone,
    { step: { times: 3, pointOfNoReturn: true }, attempt: 1, cancelRequested: true },
    'retry',
  ],
] as const)('%s', (_, error, at, expected) => {
  expect(decideAfterError(error, at).do).toBe(expected)
})

test('the table of steps is the plan’s, and only the last one cannot be undone', () => {
  const steps = migrateSteps({
    db: openDatabase(':memory:'),
    manifests: { read: () => null },
    isConnected: () => true,
    waitConnected: async () => undefined,
    saveReport: () => undefined,
    servingAddress: async (_host, said) => said,
  })
  expect(steps.map(({ id }) => id)).toEqual(migrateStepIds)
  expect(steps.filter(({ pointOfNoReturn }) => pointOfNoReturn).map(({ id }) => id)).toEqual(['publish'])
})

test('where a source serves is judged when its agent is back', async () => {
  let isBack = false
  const [exportStep] = migrateSteps({
    db: openDatabase(':memory:'),
    manifests: { read: () => null },
    isConnected: () => isBack,
    waitConnected: async () => (isBack = true),
    saveReport: () => undefined,
    servingAddress: async (_host, said) => (isBack ? said : 'judged too early'),
  }).filter(({ id }) => id === 'export')
  const endpoint = { host: '127.0.0.1', port: 40_000, exportName: 'a-token-that-nobody-guesses' }
  const exported = { kind: 'export', endpoint, virtualSize: 4096, fingerprint: 'f' }
  const place = { host: 'north', library: 'images', name: 'a.raw' }
  const request = { image: 'i', targetHost: 'south', targetLibrary: 'images', name: 'b.raw', format: 'raw' }
  const context = {
    migration: { id: 'm', source: place, facts: { request, accepted: [] } },
    attempt: 1,
    signal: new AbortController().signal,
    job: vi.fn(async () => exported),
  }
  const result: unknown = await Reflect.apply(exportStep?.run ?? vi.fn(), null, [context])
  expect(result).toMatchObject({ outcome: 'NBD at 127.0.0.1:40000, read-only' })
})

test('the aftermath says what is safe, what is left and what to press', () => {
  const place = { host: 'north', library: 'images', name: 'a.vmdk' }
  const migration = { source: place, target: { host: 'south', library: 'images', name: 'a.qcow2' } }
  const remains = {
    mayBePublished: false,
    waitingFor: ['south'],
    undoFailed: [],
    remedy: 'Start the agent on south.',
    source: 'there',
  } as const
  expect(aftermathOf(migration, remains)).toBe(
    'The source a.vmdk on north was only read: Varve changed nothing in it. Nothing was published on south under the name a.qcow2. ' +
      'A hidden part file may be left in images on south; it is removed when the agent there is back. ' +
      'Start the agent on south. Press Migrate to start again.',
  )
  expect(aftermathOf(migration, { ...remains, mayBePublished: true })).toContain('Rescan south')
  const gone = aftermathOf(migration, { ...remains, source: 'gone' })
  expect(gone).toContain('a.vmdk on north is not in the inventory any more: it was deleted, moved or renamed')
  expect(gone).not.toMatch(/untouched|Press Migrate/u)
  expect(aftermathOf(migration, { ...remains, source: 'changed' })).toContain(
    'a.vmdk on north was written to by something else while it was read',
  )
})
