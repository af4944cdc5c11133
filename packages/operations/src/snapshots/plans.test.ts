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

test('over raw the overlay is qcow2; over a format that is not written so it is refused', () => {
  const raw = snapshotCreate.plan(external, { ...over, format: 'raw' })
  expect(raw).toMatchObject({
    steps: [{ input: { image: { format: 'qcow2', backing: { format: 'raw' } } } }, {}, {}],
  })
  const asif = snapshotCreate.plan(external, { ...over, format: 'asif' })
  expect(asif).toMatchObject({ kind: 'refusal', problems: [{ id: 'overlay-not-written' }] })
})

test('an overlay never takes the name of another file', () => {
  const plan = snapshotCreate.plan(external, { ...over, isTaken: true })
  expect(plan).toMatchObject({ kind: 'refusal', problems: [{ id: 'target-exists' }] })
})
