import { describe, expect, test } from 'vitest'
import { snapshotApply } from '../snapshot-apply/plan.ts'
import { snapshotCreate } from '../snapshot-create/plan.ts'
import { snapshotDelete } from '../snapshot-delete/plan.ts'
import type { ExternalFacts } from './facts.ts'

const facts: ExternalFacts = {
  host: 'north',
  path: '/vms/web.qcow2',
  format: 'qcow2',
  virtualSize: 4 * 1024 ** 3,
  snapshots: [{ id: '1', name: 'first', stateSize: 0 }],
  problems: [],
  sharesBlocks: null,
  filesystem: 'ext4',
  keepName: 'varve-before-0123abcd',
  overlay: null,
  isTaken: false,
}
const image = '/vms/web.qcow2'
const internal = { image, name: 'new', kind: 'internal' } as const
const external = { image, name: 'web-1', kind: 'external' } as const
const over = { ...facts, overlay: '/vms/web-1.qcow2' }

describe('golden plans', () => {
  test('create', () => {
    expect(snapshotCreate.plan(internal, facts)).toMatchSnapshot()
  })
  test('create, external', () => {
    expect(snapshotCreate.plan(external, over)).toMatchSnapshot()
  })
  test('apply', () => {
    expect(snapshotApply.plan({ image, name: 'first' }, facts)).toMatchSnapshot()
  })
  test('delete', () => {
    expect(snapshotDelete.plan({ image, name: 'first' }, facts)).toMatchSnapshot()
  })
})

describe('where the layer below makes snapshots itself', () => {
  test.each(['btrfs', 'zfs', 'ReFS', 'apfs'])('%s: a word by name is needed', (filesystem) => {
    for (const [request, known] of [
      [internal, facts],
      [external, over],
    ] as const) {
      const plan = snapshotCreate.plan(request, { ...known, filesystem })
      const warnings = plan.kind === 'plan' ? plan.warnings : []
      expect(warnings).toContainEqual(expect.objectContaining({ id: 'snapshots-of-layer-below', asks: true }))
    }
  })
})

describe('of a raw image', () => {
  const raw = { ...facts, path: '/vms/web.raw', format: 'raw', snapshots: [], sharesBlocks: true } as const
  const taken = { ...raw, snapshots: [{ id: 'first', name: 'first', stateSize: 0 }] }
  const wish = { image: raw.path, name: 'new' }
  test('create, where blocks are shared', () => {
    expect(
      snapshotCreate.plan({ ...wish, kind: 'internal' }, { ...raw, filesystem: 'btrfs' }),
    ).toMatchSnapshot()
  })
  test('apply', () => {
    expect(snapshotApply.plan({ ...wish, name: 'first' }, taken)).toMatchSnapshot()
  })
  test('delete', () => {
    expect(snapshotDelete.plan({ ...wish, name: 'first' }, taken)).toMatchSnapshot()
  })
  test.each([
    ['where nothing shares blocks', 'new', { ...raw, sharesBlocks: false }, 'no-internal-snapshots'],
    ['of no file of one piece', 'new', { ...raw, sharesBlocks: null }, 'no-internal-snapshots'],
    ['with the name of another', 'first', taken, 'snapshot-exists'],
    ['with a path as its name', '../x', raw, 'snapshot-name'],
  ])('refused %s', (_why, name, known, id) => {
    expect(snapshotCreate.plan({ ...wish, name, kind: 'internal' }, known)).toMatchObject({
      kind: 'refusal',
      problems: [{ id }],
    })
  })
  test('what else has the name, or another size, is seen', () => {
    expect(snapshotCreate.plan({ ...wish, kind: 'internal' }, { ...raw, isTaken: true })).toMatchObject({
      problems: [{ id: 'target-exists' }],
    })
    const odd = { ...taken, snapshots: [{ id: 'first', name: 'first', stateSize: 0, size: 3 }] }
    expect(snapshotApply.plan({ ...wish, name: 'first' }, odd)).toMatchObject({
      kind: 'plan',
      warnings: expect.arrayContaining([expect.objectContaining({ id: 'size-then', asks: true })]) as unknown,
    })
  })
  test('there is none to go back to, or to delete', () => {
    for (const operation of [snapshotApply, snapshotDelete])
      expect(operation.plan(wish, raw)).toMatchObject({
        kind: 'refusal',
        problems: [{ id: 'snapshot-missing' }],
      })
  })
})

test('over raw the overlay is qcow2; over a format that is not written so it is refused', () => {
  const raw = snapshotCreate.plan(external, { ...over, format: 'raw' })
  expect(raw).toMatchObject({
    steps: [{ input: { image: { format: 'qcow2', backing: { format: 'raw' } } } }, {}, {}],
  })
  const asif = snapshotCreate.plan(external, { ...over, format: 'asif' })
  expect(asif).toMatchObject({ kind: 'refusal', problems: [{ id: 'overlay-not-written' }] })
})

const several = [
  { id: '1', name: 'first', stateSize: 0 },
  { id: '2', name: '3', stateSize: 0 },
  { id: '3', name: 'third', stateSize: 0 },
  { id: '4', name: 'twice', stateSize: 0 },
  { id: '5', name: 'twice', stateSize: 0 },
  { id: '6', name: '', stateSize: 0 },
]

describe('which snapshot is meant', () => {
  test.each([
    ['first', 'first'],
    ['1', 'first'],
  ])('%s is %s, for apply and delete', (wanted, name) => {
    const known = { ...facts, snapshots: several }
    expect(snapshotApply.plan({ image, name: wanted }, known)).toMatchObject({
      steps: [{}, { input: { name } }, {}],
    })
    expect(snapshotDelete.plan({ image, name: wanted }, known)).toMatchObject({
      summary: `Remove snapshot "${name}" of web.qcow2 for good`,
      steps: [{ input: { name } }, {}],
    })
  })

  test.each([
    ['3', ['"3" (id 2)', '"third" (id 3)']],
    // QEMU is told its name, which is the id of another one.
    ['2', ['"3" (id 2)', '"third" (id 3)']],
    ['twice', ['"twice" (id 4)', '"twice" (id 5)']],
    ['5', ['"twice" (id 5)', '"twice" (id 4)']],
  ])('%s is ambiguous, and each that it may be is named', (name, named) => {
    const plan = snapshotDelete.plan({ image, name }, { ...facts, snapshots: several })
    expect(plan).toMatchObject({ kind: 'refusal', problems: [{ id: 'snapshot-ambiguous' }] })
    expect(plan).toMatchObject({
      problems: [{ message: expect.stringMatching(`: ${named.join(', ').replaceAll(/[()]/gu, '.')}$`) }],
    })
  })

  test('one without a name is refused, since qemu-img takes names', () => {
    const plan = snapshotDelete.plan({ image, name: '6' }, { ...facts, snapshots: several })
    expect(plan).toMatchObject({ kind: 'refusal', problems: [{ id: 'snapshot-unnamed' }] })
  })

  test('what no snapshot has is refused, naming those that there are', () => {
    expect(snapshotApply.plan({ image, name: '7' }, { ...facts, snapshots: several })).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'snapshot-missing', remedy: expect.stringContaining('"first" (id 1)') }],
    })
  })
})

test('an overlay never takes the name of another file', () => {
  const plan = snapshotCreate.plan(external, { ...over, isTaken: true })
  expect(plan).toMatchObject({ kind: 'refusal', problems: [{ id: 'target-exists' }] })
})
