import type { HyperVMachine } from '@varve/protocol/machines'
import { describe, expect, test } from 'vitest'
import { snapshotApply } from '../snapshot-apply/plan.ts'
import { snapshotCreate } from '../snapshot-create/plan.ts'
import { snapshotDelete } from '../snapshot-delete/plan.ts'
import type { ExternalFacts } from './facts.ts'

const image = String.raw`D:\vm\web.vhdx`
const id = (at: number) => `6f9619ff-8b86-d011-b42d-00cf4fc964f${at}`
const checkpoint = {
  id: id(1),
  name: 'first',
  type: 'Standard',
  isAutomatic: false,
  parent: null,
  madeAt: '2026-01-01T00:00:00Z',
  files: [image],
}
const drive = (path: string, location = 0) => ({ path, controller: 'SCSI', number: 0, location })
const machine: HyperVMachine = {
  id: id(0),
  name: 'web "1"',
  generation: 2,
  state: 'Off',
  drives: [drive(String.raw`D:\vm\web_1.avhdx`), drive(String.raw`E:\data.vhdx`, 1)],
  checkpoints: {
    kind: 'Production',
    isAutomatic: false,
    isMerging: false,
    current: id(1),
    all: [checkpoint],
  },
}

function factsWith(change: Partial<HyperVMachine> = {}): ExternalFacts {
  const own = { ...machine, ...change }
  return {
    host: 'here',
    path: image,
    format: 'vhdx',
    virtualSize: null,
    snapshots: own.checkpoints.all.map((one) => ({ id: one.id, name: one.name, stateSize: 0 })),
    problems: [],
    sharesBlocks: null,
    filesystem: null,
    machine: own,
    keepName: 'varve-before-0123abcd',
    overlay: null,
    isTaken: false,
  }
}
const checkpoints = (change: Partial<HyperVMachine['checkpoints']>) => ({
  checkpoints: { ...machine.checkpoints, ...change },
})

const create = (change: Partial<HyperVMachine> = {}, more: object = {}) =>
  snapshotCreate.plan({ image, name: 'new', kind: 'internal', ...more }, factsWith(change))
const idsOf = (plan: ReturnType<typeof create>) =>
  plan.kind === 'refusal' ? plan.problems.map((one) => one.id) : []

describe('golden plans of a machine', () => {
  test('create', () => {
    expect(create()).toMatchSnapshot()
  })
  test('create, of another kind', () => {
    expect(create({}, { checkpoint: 'standard' })).toMatchSnapshot()
  })
  test('apply', () => {
    expect(snapshotApply.plan({ image, name: 'first' }, factsWith())).toMatchSnapshot()
  })
  test('delete, of a backup', () => {
    const all = [{ ...checkpoint, type: 'Recovery' }]
    expect(snapshotDelete.plan({ image, name: 'first' }, factsWith(checkpoints({ all })))).toMatchSnapshot()
  })
})

test.each<[Partial<HyperVMachine>, object, string]>([
  [checkpoints({ kind: 'Disabled' }), {}, 'checkpoints-disabled'],
  [checkpoints({ isMerging: true }), {}, 'machine-merges'],
  [{ state: 'Stopping' }, {}, 'machine-changes'],
  [{}, { kind: 'external' }, 'disk-of-machine'],
  [{}, { name: 'first' }, 'snapshot-exists'],
  [{}, { name: '' }, 'snapshot-name'],
  [{ node: 'node-2' }, {}, 'machine-of-other-node'],
  [checkpoints({ kind: null }), { checkpoint: 'production' }, 'checkpoint-kind'],
])('no checkpoint is made: %j %j', (change, more, wanted) => {
  expect(idsOf(create(change, more))).toEqual([wanted])
})

test('the kind is set only where the machine is set to another one', () => {
  const stepsFor = (checkpoint: string, kind: string) => {
    const plan = create(checkpoints({ kind }), { checkpoint })
    return plan.kind === 'plan' ? plan.steps.map(({ id }) => id) : plan.problems
  }
  const all = ['kind', 'create', 'kind-back']
  expect(stepsFor('production', 'Production')).toEqual(all)
  expect(stepsFor('production', 'ProductionOnly')).toEqual(['create'])
  expect(stepsFor('standard', 'Standard')).toEqual(['create'])
  expect(stepsFor('standard', 'ProductionOnly')).toEqual(all)
})

test('a kind is for machines only', () => {
  const { machine: _machine, ...facts } = factsWith()
  const plan = snapshotCreate.plan({ image, name: 'new', kind: 'internal', checkpoint: 'standard' }, facts)
  expect(idsOf(plan)).toEqual(['no-machine'])
})

test('a machine goes back while it is off, to what it has; no other way', () => {
  const apply = (name: string, change: Partial<HyperVMachine> = {}) =>
    idsOf(snapshotApply.plan({ image, name }, factsWith(change)))
  expect(apply('first', { state: 'Saved' })).toEqual([])
  expect(apply('first', { state: 'Running' })).toEqual(['machine-runs'])
  expect(apply('none')).toEqual(['snapshot-missing'])
  const twice = [checkpoint, { ...checkpoint, id: id(2) }]
  expect(apply('first', checkpoints({ all: twice }))).toEqual(['snapshot-ambiguous'])
  expect(idsOf(snapshotDelete.plan({ image, name: 'none' }, factsWith()))).toEqual(['snapshot-missing'])
})
