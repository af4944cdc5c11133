import { describe, expect, test } from 'vitest'
import { describePlan } from '../output/describe-plan.ts'
import { acceptWarnings, questionsOf } from './migrate.ts'

describe('acceptWarnings', () => {
  test('named, all, none', () => {
    const warn = (id: string) => ({ id, severity: 'warn' as const })
    const note = { id: 'copy-on-write', severity: 'info' as const }
    expect(acceptWarnings([warn('dirty'), note, warn('snapshots'), warn('dirty')], 'dirty')).toEqual({
      ids: ['dirty'],
      missing: ['snapshots'],
    })
    expect(acceptWarnings([warn('dirty'), note], 'all')).toEqual({ ids: ['dirty'], missing: [] })
    expect(acceptWarnings([warn('dirty')], undefined).missing).toEqual(['dirty'])
    expect(acceptWarnings([note], undefined)).toEqual({ ids: [], missing: [] })
    expect(acceptWarnings([], undefined)).toEqual({ ids: [], missing: [] })
  })
  test('what asks for a word is not accepted with all others', () => {
    const inUse = { id: 'in-use', severity: 'warn' as const, asks: true as const }
    const dirty = { id: 'dirty', severity: 'warn' as const }
    expect(acceptWarnings([inUse, dirty], 'all')).toEqual({ ids: ['dirty'], missing: ['in-use'] })
    expect(acceptWarnings([inUse, dirty], 'all,in-use').missing).toEqual([])
  })
})

describe('questionsOf', () => {
  const problem = (id: string, more: { settledBy?: string; severity?: 'block' | 'warn' | 'info' } = {}) => ({
    id,
    severity: 'warn' as const,
    layer: 'L2' as const,
    file: null,
    message: `${id}.`,
    remedy: '',
    ...more,
  })
  const planned = (...warnings: ReturnType<typeof problem>[]) => ({
    kind: 'plan' as const,
    operation: 'migrate' as const,
    summary: '',
    steps: [],
    warnings,
    estimate: { bytes: null, seconds: null },
  })
  const refused = (...problems: ReturnType<typeof problem>[]) => ({
    kind: 'refusal' as const,
    operation: 'migrate' as const,
    problems,
  })
  const bitmap = problem('vhd-unwritten', { severity: 'block', settledBy: 'vhd-bitmap' })

  test('warnings wait for --accept', () => {
    expect(questionsOf(planned(problem('a'), problem('b')), 'b')).toEqual({
      ids: ['a'],
      choices: [],
      findings: ['a.'],
    })
    expect(questionsOf(planned(problem('a')), 'all')).toBeNull()
    expect(questionsOf(planned(), undefined)).toBeNull()
  })
  test('two readings wait for --read, and what cannot be answered is a refusal', () => {
    expect(questionsOf(refused(bitmap), 'all')).toEqual({
      ids: [],
      choices: ['vhd-bitmap'],
      findings: ['vhd-unwritten.'],
    })
    expect(questionsOf(refused(bitmap, problem('no-space', { severity: 'block' })), 'all')).toBeNull()
  })
})

test('a plan shows layer and command of each step, a refusal its remedies', () => {
  const step = {
    id: 'pull',
    layer: 'L2',
    title: 'Pull',
    does: 'Reads the export.',
    command: 'varve pull',
    host: 'south',
    needs: [],
    estimate: { bytes: null, seconds: null },
    undo: null,
    pointOfNoReturn: false,
  } as const
  const plan = {
    kind: 'plan',
    operation: 'migrate',
    summary: 'Migrate 1 GiB to south',
    steps: [{ ...step, needs: [] }],
    warnings: [],
    estimate: { bytes: null, seconds: null },
  } as const
  const plain = (_style: unknown, text: string) => text
  expect(describePlan({ ...plan, steps: [{ ...step, needs: [] }], warnings: [] }, plain)).toMatch(
    /1\. L2 +Pull\n +Reads the export\.\n +south\$ varve pull/u,
  )
  const problem = {
    id: 'target-exists',
    severity: 'block',
    layer: 'L1',
    file: 'a',
    message: 'there already',
    remedy: 'Choose another name.',
  } as const
  expect(describePlan({ kind: 'refusal', operation: 'migrate', problems: [problem] }, plain)).toContain(
    'Choose another name.',
  )
})
