import { describe, expect, test } from 'vitest'
import { sampleDigest, sampleOutcome, samplePlan } from '../testing/sample-plan.ts'
import type { JournalEntry } from './journal.ts'
import { runState } from './run-state.ts'
import { wishedPlan } from './wished-plan.ts'

const at = '2026-01-01T00:00:00.000Z'
const plan = samplePlan()
const created: JournalEntry = { event: 'created', at, run: 'r1', request: {}, accepted: [], plan }
const written = { target: '/b.qcow2', staging: 's1', format: 'qcow2', subformat: null }

function begun(step: string, action: string, input: unknown): JournalEntry {
  return { event: 'started', at, step, attempt: 1, call: { action, input } }
}

function done(step: string, action: string, input: unknown): JournalEntry {
  return {
    event: 'done',
    at,
    step,
    attempt: 1,
    outcome: { file: null, ...sampleOutcome(action, input) },
    told: '',
  }
}

const source = { path: '/a.raw', format: null, reading: {} }
const write = ['write', 'write-image', { source, image: written }] as const
const publish = ['publish', 'publish-image', { ...written, file: '1:2' }] as const
const half = runState([created, begun(...write), done(...write)], 'journal')

describe('what a wish would have done', () => {
  test('going on: the steps that are left, with what the others gave', () => {
    const { summary, steps } = wishedPlan(half, 'resume')
    expect(summary).toBe(`Go on with: ${plan.summary}`)
    expect(steps.map(({ id, after }) => [id, after])).toEqual([
      ['prove', []],
      ['publish', ['prove']],
    ])
    expect(steps[0]?.input).toMatchObject({ image: { staging: 's1' }, expected: sampleDigest })
  })

  test('going on from the beginning: the plan as it was', () => {
    const { steps } = wishedPlan(runState([created], 'journal'), 'resume')
    expect(steps).toEqual(plan.steps)
  })

  test.each(['undo', 'cancel'] as const)('%s: what undoes each step, the last first', (wish) => {
    const all = runState(
      [created, begun(...write), done(...write), begun(...publish), done(...publish)],
      'journal',
    )
    const { summary, steps } = wishedPlan(all, wish)
    expect(summary).toBe(`Undo: ${plan.summary}`)
    expect(steps.map(({ id, action, after }) => [id, action, after])).toEqual([
      ['undo-publish', 'set-aside', []],
      ['undo-write', 'discard-staged', ['undo-publish']],
    ])
    expect(wishedPlan(half, wish).steps).toMatchObject([
      { id: 'undo-write', action: 'discard-staged', after: [] },
    ])
  })

  test('nothing of what is undone already', () => {
    const undone = { event: 'undone', at, step: 'write', attempt: 1 } as const
    const state = runState([created, begun(...write), done(...write), undone], 'journal')
    expect(wishedPlan(state, 'undo').steps).toEqual([])
  })
})
