import { expect, test } from 'vitest'
import type { SourceFacts } from '../convert/facts.ts'
import { hostWith, group, thinPool, volume } from '../testing/volume-facts.ts'
import { writeVolume, type WriteVolumeFacts } from './plan.ts'
import { WriteVolumeRequest } from './request.ts'

const gib = 1024 ** 3
const mib = 1024 ** 2
const address = { path: '/vms/a.qcow2', format: null, reading: {} }

function source(change: Partial<SourceFacts['report']> = {}): SourceFacts {
  const known = { format: 'qcow2', subformat: null, virtualSize: 10 * gib, fileSize: gib } as const
  return { address, report: { ...known, guest: null, details: {}, snapshots: [], problems: [], ...change } }
}

function plan(request: object = {}, facts: Partial<WriteVolumeFacts> = {}) {
  const asked = WriteVolumeRequest.parse({ source: address, target: 'lvm:pve/new', ...request })
  const measure = { virtualSize: 10 * gib, chunkBytes: 2 * gib }
  return writeVolume.plan(asked, { ...hostWith(), source: source(), measure, ...facts })
}

const withPool = (change: object) =>
  hostWith({ groups: [{ ...group, devices: [], pools: [{ ...thinPool, ...change }], volumes: [volume] }] })

test('the disk is written into a volume without a name, read back, and then named', () => {
  expect(plan()).toMatchSnapshot()
})

test('into a thin pool only data is written, and the pool is watched', () => {
  expect(plan({ pool: 'data' })).toMatchObject({
    summary: 'Write a.qcow2 (10.0 GiB) into lvm:pve/new, thin',
    steps: [
      { action: 'make-volume', input: { pool: 'data', size: 10 * gib } },
      { action: 'write-volume', input: { pool: 'data', isBlank: true }, estimate: { bytes: 2 * gib } },
      { action: 'prove-volume' },
      { action: 'name-volume' },
    ],
  })
})

test('is not read back when nobody wants that', () => {
  expect(plan({ verify: false })).toMatchObject({ steps: [{ id: 'make' }, { id: 'write' }, { id: 'name' }] })
})

test('what the disk is known to be is what is proven', () => {
  const expected = 'e'.repeat(64)
  expect(plan({ expected })).toMatchObject({
    steps: [{}, {}, { input: { expected } }, { input: { holds: expected } }],
  })
})

test('internal snapshots are asked about', () => {
  const snapshots = [
    { id: '1', name: 'old', takenAt: '2026-01-01T00:00:00.000Z', virtualSize: null, stateSize: 0 },
  ]
  const having = { source: source({ snapshots }) }
  expect(plan({}, having)).toMatchObject({ warnings: [{ id: 'internal-snapshots', asks: true }] })
  expect(plan({ snapshots: 'drop' }, having)).toMatchObject({ warnings: [] })
})

test('a pool is refused that has room for the volume and not for what is written', () => {
  const nearly = withPool({ dataUsed: 94 * gib })
  expect(plan({ pool: 'data' }, nearly)).toMatchObject({
    kind: 'refusal',
    problems: [{ message: expect.stringContaining('would run full') as string }],
  })
  expect(
    plan({ pool: 'data' }, { ...nearly, measure: { virtualSize: 10 * gib, chunkBytes: gib / 2 } }),
  ).toMatchObject({
    kind: 'plan',
  })
})

test('pieces of 4 MiB each take a whole chunk where chunks are larger', () => {
  const large = withPool({ chunkSize: gib, dataUsed: 90 * gib })
  const measure = { virtualSize: 20 * gib, chunkBytes: 6 * 4 * mib }
  expect(plan({ pool: 'data' }, { ...large, measure })).toMatchObject({ kind: 'refusal' })
  expect(
    plan({ pool: 'data' }, { ...large, measure: { ...measure, chunkBytes: 5 * 4 * mib } }),
  ).toMatchObject({
    kind: 'plan',
  })
})

test('a source that cannot be looked at is the reason', () => {
  const problem = {
    id: 'not-found',
    severity: 'block',
    layer: 'L1',
    file: '/vms/a.qcow2',
    message: 'no',
    remedy: 'no',
  } as const
  expect(plan({}, { source: null, measure: null, problems: [problem] })).toEqual({
    kind: 'refusal',
    operation: 'write-volume',
    problems: [problem],
  })
})
