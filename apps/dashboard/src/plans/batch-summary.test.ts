import type { PlanView } from '@varve/protocol/plans'
import type { ProblemView } from '@varve/protocol/primitives'
import { expect, test } from 'vitest'
import { batchStart, sharedWarnings } from './batch-summary.ts'

const MiB = 2 ** 20
const warning = (id: string, severity: ProblemView['severity'] = 'warn') =>
  ({ id, severity, layer: 'L2', file: null, message: id, remedy: '' }) as ProblemView
const plan = (...warnings: ProblemView[]) =>
  ({
    kind: 'plan',
    operation: 'migrate',
    summary: '',
    steps: [],
    warnings,
    estimate: { bytes: 10 * MiB, seconds: 1 },
  }) as PlanView
const refusal: PlanView = { kind: 'refusal', operation: 'migrate', problems: [warning('x', 'block')] }

const south = { verb: 'Migrate', to: 'south' }

const items = [
  { id: 'a', plan: plan(warning('dirty'), warning('dirty'), warning('note', 'info')) },
  { id: 'b', plan: plan(warning('odd'), warning('dirty')) },
  { id: 'c', plan: refusal },
  { id: 'd', plan: null },
  { id: 'e', plan: plan() },
]

test('a warning of several images is accepted once; what needs no word is left out', () => {
  expect(sharedWarnings(items).map(({ problem, images }) => [problem.id, images])).toEqual([
    ['dirty', 2],
    ['odd', 1],
  ])
})

test('what is refused, planned or not accepted is not started, and the button says so', () => {
  expect(batchStart(items, new Set(), south)).toMatchObject({
    ids: ['e'],
    words: 'Migrate 1 of 5 images, 10.0 MiB, to south',
  })
  expect(batchStart(items, new Set(['dirty']), south).ids).toEqual(['a', 'e'])
  const fine = [items[4], items[4]].flatMap((item) => (item ? [item] : []))
  expect(batchStart(fine, new Set(), south).words).toBe('Migrate 2 images, 20.0 MiB, to south')
  expect(batchStart([], new Set(), south).words).toBe('Migrate')
})

test('what goes nowhere and has no size says neither', () => {
  const check = { verb: 'Check', to: '' }
  const one = { id: 'a', plan: { ...plan(), estimate: { bytes: null, seconds: null } } as PlanView }
  expect(batchStart([one], new Set(), check).words).toBe('Check 1 image')
})
