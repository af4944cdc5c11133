import { describe, expect, test } from 'vitest'
import type { RepairFacts } from './facts.ts'
import { repairOperation } from './plan.ts'
import { RepairRequest } from './request.ts'

const facts: RepairFacts = {
  host: 'north',
  path: '/lib/web.qcow2',
  format: 'qcow2',
  fileSize: 196_608,
  corruptions: 0,
  leaks: 3,
  fixes: ['gave 3 leaked clusters back'],
  notRepaired: null,
  obstacles: [],
  isOneFile: true,
  tool: { isThere: true, install: 'Install qemu-img (qemu-utils).' },
  copy: { path: '/lib/.web.qcow2.c0ffee.part', staging: 'c0ffee' },
}
const notRepaired = {
  id: 'refused',
  severity: 'block',
  layer: 'L2',
  file: '/lib/web.qcow2',
  message: 'L2 "/lib/web.qcow2": it is not repaired: more is wrong than leaks',
  remedy: 'Restore it.',
} as const
const image = { path: '/lib/web.qcow2', format: null, reading: {} }

const plan = (request: object, changes: Partial<RepairFacts> = {}) =>
  repairOperation.plan(RepairRequest.parse({ image, ...request }), { ...facts, ...changes })
const problemsOf = (made: ReturnType<typeof plan>) =>
  made.kind === 'refusal' ? made.problems.map(({ id }) => id) : null

describe('the plan of a repair', () => {
  test('in place: behind an undo file, then checked', () => {
    expect(plan({ backup: '/lib/undo.json' })).toEqual({
      kind: 'plan',
      operation: 'repair',
      summary: 'Repair web.qcow2: gave 3 leaked clusters back',
      steps: [
        {
          id: 'repair',
          host: 'north',
          action: 'repair-image',
          input: { image, backup: '/lib/undo.json', fixes: ['gave 3 leaked clusters back'] },
          after: [],
          needs: ['nobody else uses the image'],
          estimate: { bytes: null, seconds: null },
        },
        {
          id: 'check',
          host: 'north',
          action: 'check-image',
          input: { image, name: null },
          after: ['repair'],
          needs: [],
          estimate: { bytes: null, seconds: null },
        },
      ],
      warnings: [],
      subjects: [{ host: 'north', path: '/lib/web.qcow2' }],
      estimate: { bytes: 0, seconds: 2 },
    })
  })

  test('with qemu-img: on a copy that is checked and takes the place of the original', () => {
    const made = plan({ by: 'qemu-img', what: 'all' }, { corruptions: 2, fixes: null, notRepaired })
    if (made.kind === 'refusal') throw new Error('refused')
    expect(made.summary).toBe(
      'Repair all of web.qcow2 (2 corruptions, 3 leaks) with qemu-img, on a copy that takes its place',
    )
    const staged = { target: '/lib/web.qcow2', staging: 'c0ffee', format: 'qcow2', subformat: null }
    const copy = facts.copy.path
    expect(made.steps.map(({ id, action, input, after }) => ({ id, action, input, after }))).toEqual([
      { id: 'copy', action: 'stage-copy', input: { source: '/lib/web.qcow2', image: staged }, after: [] },
      {
        id: 'repair',
        action: 'repair-copy',
        input: { copy, format: 'qcow2', what: 'all', name: '/lib/web.qcow2' },
        after: ['copy'],
      },
      {
        id: 'check',
        action: 'check-image',
        input: { image: { path: copy, format: 'qcow2', reading: {} }, name: '/lib/web.qcow2' },
        after: ['repair'],
      },
      {
        id: 'replace',
        action: 'replace-image',
        input: { image: staged, quarantine: { $fresh: 'id' } },
        after: ['check'],
      },
    ])
    expect(made.warnings).toMatchObject([
      { id: 'repair-changes-disk', asks: true, details: { corruptions: 2 } },
    ])
  })

  test('leaks alone change nothing that the guest reads: nothing is asked', () => {
    expect(plan({ by: 'qemu-img' })).toMatchObject({ kind: 'plan', warnings: [] })
    expect(plan({ by: 'qemu-img', what: 'all' })).toMatchObject({ kind: 'plan', warnings: [] })
  })

  test('of an image with nothing wrong is a check, which needs no undo file', () => {
    expect(plan({}, { fixes: [], leaks: 0 })).toMatchObject({
      kind: 'plan',
      summary: 'Nothing to repair in web.qcow2',
      steps: [{ action: 'check-image' }],
    })
  })

  test.each([
    ['without an undo file', {}, {}, ['invalid-request']],
    ['not repaired', { backup: '/lib/undo.json' }, { fixes: null, notRepaired }, ['refused']],
    ['somebody uses it', { backup: '/u' }, { obstacles: [{ ...notRepaired, id: 'in-use' }] }, ['in-use']],
    ['no qemu-img', { by: 'qemu-img' }, { tool: { isThere: false, install: 'i' } }, ['tool-missing']],
    ['not one file', { by: 'qemu-img' }, { isOneFile: false }, ['refused']],
    ['a format that qemu-img does not repair', { by: 'qemu-img' }, { format: 'vmdk' }, ['refused']],
  ] as const)('is refused: %s', (_why, request, changes, ids) => {
    expect(problemsOf(plan(request, changes))).toEqual(ids)
  })

  test('a refusal names qemu-img where it may help, and only there', () => {
    const remedyOf = (changes: Partial<RepairFacts>) =>
      JSON.stringify(plan({ backup: '/u' }, { fixes: null, notRepaired, ...changes }))
    expect(remedyOf({})).toContain('--with qemu-img')
    expect(remedyOf({ format: 'vmdk' })).not.toContain('--with qemu-img')
    expect(remedyOf({ isOneFile: false })).not.toContain('--with qemu-img')
  })
})
