import { describe, expect, test } from 'vitest'
import { purgeOperation } from '../purge/plan.ts'
import type { EntryFacts } from './facts.ts'
import { restoreOperation } from './plan.ts'

const facts: EntryFacts = {
  host: 'here',
  id: '0a1b2c3d4e5f',
  why: 'deleted',
  image: '/lib/web01.qcow2',
  bytes: 3 * 1024 ** 3,
  until: '2030-01-31T10:00:00.000Z',
  now: '2030-01-02T10:00:00.000Z',
  taken: [],
  dependents: [],
}
const request = { id: '0a1b', folders: [] }
const shared = { after: [], needs: [], estimate: { bytes: null, seconds: null }, host: 'here' }

describe('the plan of restore', () => {
  test('is one step back', () => {
    expect(restoreOperation.plan(request, facts)).toEqual({
      kind: 'plan',
      operation: 'restore',
      summary: 'Restore web01.qcow2 (3.00 GiB) from quarantine 0a1b2c3d4e5f',
      steps: [
        {
          ...shared,
          id: 'restore',
          action: 'restore-image',
          input: { quarantine: '0a1b2c3d4e5f', at: '/lib/web01.qcow2', why: 'deleted' },
        },
      ],
      warnings: [],
      subjects: [{ host: 'here', path: '/lib/web01.qcow2' }],
      estimate: { bytes: null, seconds: null },
    })
  })

  test('is refused where something else has one of the names', () => {
    const taken = ['/lib/web01.qcow2']
    expect(restoreOperation.plan(request, { ...facts, taken })).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'target-exists', file: '/lib/web01.qcow2' }],
    })
  })
})

describe('the plan of purge', () => {
  test('is one step without a way back, which asks by name before its time is over', () => {
    expect(purgeOperation.plan(request, facts)).toMatchObject({
      kind: 'plan',
      steps: [
        {
          ...shared,
          id: 'purge',
          action: 'purge-image',
          input: { quarantine: '0a1b2c3d4e5f', at: '/lib/web01.qcow2' },
        },
      ],
      warnings: [{ id: 'kept-until', asks: true, details: { until: facts.until } }],
    })
    const later = { ...facts, now: '2030-02-01T00:00:00.000Z' }
    expect(purgeOperation.plan(request, later)).toMatchObject({ kind: 'plan', warnings: [] })
  })

  test('asks by name where images cannot be read without it', () => {
    const dependents = ['/lib/over.qcow2']
    expect(purgeOperation.plan(request, { ...facts, now: facts.until, dependents })).toMatchObject({
      warnings: [{ id: 'has-dependents', asks: true, details: { dependents } }],
    })
  })
})
