import { DiskError } from '@varve/core/problems/disk-error'
import { expect, test } from 'vitest'
import { discardStaged } from '../actions/discard-staged.ts'
import { sampleDigest as digest, sampleOutcome, samplePlan } from '../testing/sample-plan.ts'
import { carryOut, type Journal, type Performance } from './carry-out.ts'
import { JournalEntry, type NewEntry } from './journal.ts'
import { runState } from './run-state.ts'

function memoryJournal(): Journal & { readonly all: JournalEntry[] } {
  const all: JournalEntry[] = [
    {
      event: 'created',
      at: '2026-01-01T00:00:00.000Z',
      run: 'r1',
      request: {},
      accepted: [],
      plan: samplePlan(),
    },
  ]
  return {
    all,
    name: 'memory',
    entries: () => all,
    async append(entry: NewEntry) {
      all.push(JournalEntry.parse({ ...entry, at: '2026-01-01T00:00:01.000Z' }))
    },
  }
}

/** A host that keeps which hidden and which named files there are. */
function world() {
  const hidden = new Set<string>()
  const named = new Set<string>()
  const done: string[] = []
  async function perform({ action, input }: { action: { name: string }; input: unknown }, at: Performance) {
    done.push(`${at.isUndo ? 'undo ' : ''}${action.name}`)
    const {
      staging,
      image: inner,
      path,
    } = input as {
      staging?: string
      image?: { staging: string }
      path?: string
    }
    if (action.name === 'write-image') hidden.add(inner?.staging ?? '')
    if (action.name === 'publish-image') named.add('/b.qcow2')
    if (action.name === 'publish-image' || action.name === 'discard-staged') hidden.delete(staging ?? '')
    if (action.name === 'set-aside') named.delete(path ?? '')
    return sampleOutcome(action.name, input)
  }
  return { hidden, named, done, perform }
}

const never = new AbortController().signal
const rest = { fresh: () => 'id1', pause: async () => {}, stop: never }

test('does the steps in their order, with what earlier ones gave', async () => {
  const journal = memoryJournal()
  const here = world()
  const state = await carryOut({ journal, ...rest, perform: here.perform }).ended
  expect(state.phase).toBe('succeeded')
  expect(here.done).toEqual(['write-image', 'prove-image', 'publish-image'])
  expect(journal.all.map(({ event }) => event).join(' ')).toBe(
    'created started done started done started done ended',
  )
  const prove = journal.all.find((entry) => entry.event === 'started' && entry.step === 'prove')
  expect(prove).toMatchObject({ call: { input: { expected: digest, image: { staging: 'id1' } } } })
})

test('what fails is undone, last step first, and keeps its error', async () => {
  const journal = memoryJournal()
  const here = world()
  const state = await carryOut({
    journal,
    ...rest,
    perform: async (call, at) => {
      if (call.action.name === 'publish-image') throw new DiskError('target-exists', { file: '/b.qcow2' })
      return await here.perform(call, at)
    },
  }).ended
  expect(state).toMatchObject({ phase: 'failed', error: { code: 'target-exists' } })
  expect(here.hidden).toEqual(new Set())
  expect(here.done.at(-1)).toBe('undo discard-staged')
  expect(state.steps.map(({ phase }) => phase)).toEqual(['undone', 'done', 'failed'])
})

test('a failed run that goes on proves again what it writes again, without a wait', async () => {
  const journal = memoryJournal()
  const here = world()
  let isFull = true
  const perform: typeof here.perform = async (call, at) => {
    if (call.action.name === 'publish-image' && isFull)
      throw new DiskError('target-exists', { file: '/b.qcow2' })
    return await here.perform(call, at)
  }
  let id = 0
  const pauses: number[] = []
  const pause = async (attempt: number) => void pauses.push(attempt)
  const options = { journal, ...rest, pause, perform, fresh: () => `id${(id += 1)}` }
  expect((await carryOut(options).ended).phase).toBe('failed')
  isFull = false
  await journal.append({ event: 'asked', for: 'resume' })
  expect((await carryOut(options).ended).phase).toBe('succeeded')
  expect(pauses).toEqual([])
  expect(here.done.join(' ')).toBe(
    'write-image prove-image undo discard-staged write-image prove-image publish-image',
  )
  const proofs = journal.all.filter((entry) => entry.event === 'started' && entry.step === 'prove')
  expect(proofs).toMatchObject([
    { call: { input: { image: { staging: 'id1' } } } },
    { call: { input: { image: { staging: 'id2' } } } },
  ])
})

test('cancel undoes what was done, and the run ends canceled', async () => {
  const journal = memoryJournal()
  const here = world()
  const running = carryOut({
    journal,
    ...rest,
    perform: async (call, at) => {
      if (call.action.name !== 'prove-image') return await here.perform(call, at)
      void running.cancel()
      await new Promise((_, reject) => {
        at.signal.addEventListener('abort', () => reject(at.signal.reason), { once: true })
      })
      throw new Error('not reached')
    },
  })
  const state = await running.ended
  expect(state).toMatchObject({ phase: 'canceled', error: null })
  expect(here.hidden).toEqual(new Set())
})

test('an attempt that may pass is made again after its rests are removed', async () => {
  const journal = memoryJournal()
  const here = world()
  let calls = 0
  const state = await carryOut({
    journal,
    ...rest,
    perform: async (call, at) => {
      if (call.action.name === 'discard-staged' && (calls += 1) < 2)
        throw new DiskError('no-progress', { file: '/b', during: 'it', seconds: 1 })
      if (call.action.name === 'publish-image') throw new DiskError('target-exists', { file: '/b.qcow2' })
      return await here.perform(call, at)
    },
  }).ended
  expect(state.phase).toBe('failed')
  expect(state.undoFailures).toHaveLength(1)
  await journal.append({ event: 'asked', for: 'undo' })
  const after = await carryOut({ journal, ...rest, perform: here.perform }).ended
  expect(after.phase).toBe('failed')
  expect(after.undoFailures).toEqual([])
  expect(here.hidden).toEqual(new Set())
})

test.each(['before', 'after'] as const)('killed %s any entry it goes on to the same end', async (when) => {
  for (let at = 1; at <= 7; at += 1) {
    const journal = memoryJournal()
    const here = world()
    const dead = new AbortController()
    const dying: Journal = {
      ...journal,
      entries: () => journal.all,
      async append(entry) {
        if (when === 'after') await journal.append(entry)
        if (journal.all.length - (when === 'after' ? 1 : 0) >= at) {
          dead.abort()
          throw new Error('killed')
        }
        if (when === 'before') await journal.append(entry)
      },
    }
    await carryOut({ ...rest, journal: dying, stop: dead.signal, perform: here.perform }).ended
    const state = await carryOut({ journal, ...rest, perform: here.perform }).ended
    expect(state.phase).toBe('succeeded')
    expect(here.named).toEqual(new Set(['/b.qcow2']))
    expect(here.hidden).toEqual(new Set())
  }
})

test('a succeeded run is undone by a wish', async () => {
  const journal = memoryJournal()
  const here = world()
  await carryOut({ journal, ...rest, perform: here.perform }).ended
  await journal.append({ event: 'asked', for: 'undo' })
  const state = await carryOut({ journal, ...rest, perform: here.perform }).ended
  expect(state.phase).toBe('undone')
  expect(here.done.slice(3)).toEqual(['undo set-aside', 'undo discard-staged'])
  expect(here.named).toEqual(new Set())
})

test('a journal without a beginning, or with a step that its plan has not, is corrupt', () => {
  expect(() => runState([], 'j')).toThrow(/no beginning/u)
  const [created] = memoryJournal().all
  const call = { action: discardStaged.name, input: {} }
  const strange: JournalEntry = { event: 'started', at: created!.at, step: 'x', attempt: 1, call }
  expect(() => runState([created!, strange], 'j')).toThrow(/no step "x"/u)
})
