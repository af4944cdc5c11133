import { expect, test } from 'vitest'
import '../actions/action-table.ts'
import type { Step } from '../plans/plan.ts'
import { freshToken, from } from '../plans/wired.ts'
import { samplePlan } from '../testing/sample-plan.ts'
import { decide } from './decide.ts'
import type { JournalEntry, NewEntry } from './journal.ts'
import { runState } from './run-state.ts'

const endpoint = from('export', 'endpoint')
const rest = { host: 'north', needs: [], estimate: { bytes: null, seconds: null } }
const steps: readonly Step[] = [
  { id: 'export', action: 'export', input: { exportName: freshToken }, after: [], ...rest },
  { id: 'measure', action: 'measure', input: { endpoint }, after: ['export'], ...rest },
  { id: 'pull', action: 'pull', input: { endpoint }, after: ['measure'], ...rest },
  { id: 'digest', action: 'digest-source', input: {}, after: ['export'], ...rest },
]

const at = '2026-01-01T00:00:00.000Z'

function next(entries: readonly NewEntry[], busy: readonly string[]): readonly string[] {
  const created = { event: 'created', run: 'r1', request: {}, accepted: [], plan: { ...samplePlan(), steps } }
  const journal = [created, ...entries].map((entry) => ({ ...entry, at }) as JournalEntry)
  const decision = decide(runState(journal, 'r1'), new Set(busy))
  return decision.do === 'run'
    ? decision.steps.map(({ step: { step: begun }, attempt }) => `${begun.id} ${attempt}`)
    : [decision.do]
}

const began = (id: string, attempt = 1): NewEntry => ({
  event: 'started',
  step: id,
  attempt,
  call: { action: 'none', input: {} },
})
const done = (id: string, attempt = 1): NewEntry => ({
  event: 'done',
  step: id,
  attempt,
  outcome: {},
  told: '',
})
const failed = (id: string, attempt = 1): NewEntry => ({
  event: 'failed',
  step: id,
  attempt,
  error: { code: 'nbd-failed', layer: 'L3', file: 'a', message: 'cut', remedy: '', details: {} },
  again: true,
})

test('a held step is made again before what used it, and what uses it waits, whatever ends meanwhile', () => {
  const first = [began('export'), done('export')]
  expect(next(first, [])).toEqual(['measure 1', 'digest 1'])
  const broken = [...first, began('measure'), began('digest'), done('measure'), began('pull'), failed('pull')]
  expect(next(broken, ['digest'])).toEqual(['export 2'])
  const again = [...broken, began('export', 2)]
  expect(next(again, ['digest', 'export'])).toEqual(['nothing'])
  expect(next([...again, done('digest')], ['export'])).toEqual(['nothing'])
  expect(next([...again, done('digest'), done('export', 2)], [])).toEqual(['pull 2'])
})

test('an attempt that was cut off goes on with what it had', () => {
  const cut = [began('export'), done('export'), began('measure'), done('measure'), began('pull')]
  expect(next(cut, [])).toEqual(['pull 1', 'digest 1'])
})
