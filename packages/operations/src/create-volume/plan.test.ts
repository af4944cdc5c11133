import { expect, test } from 'vitest'
import type { VolumeFacts } from '../volumes/facts.ts'
import { group, hostWith, thinPool, volume, zpool } from '../testing/volume-facts.ts'
import { createVolume } from './plan.ts'
import { CreateVolumeRequest } from './request.ts'

const gib = 1024 ** 3
const blank = 'b'.repeat(64)

function plan(request: object, facts: VolumeFacts = hostWith()) {
  const asked = CreateVolumeRequest.parse({ target: 'lvm:pve/new', size: 10 * gib, ...request })
  return createVolume.plan(asked, { ...facts, blank })
}

const lvm = (change: object) =>
  hostWith({ groups: [{ ...group, devices: [], pools: [thinPool], volumes: [volume], ...change }] })
const pool = (change: object) => lvm({ pools: [{ ...thinPool, ...change }] })
const zfs = (change: object) => hostWith({ zpools: [{ ...zpool, ...change }] })

test('a thick volume is made under another name, cleared, proven, and gets its name', () => {
  expect(plan({})).toMatchSnapshot()
})

test('a thin one reads as zeros without a write', () => {
  expect(plan({ pool: 'data', size: 500 * gib })).toMatchSnapshot()
})

test('a volume of ZFS has whole blocks, and its room is kept back or not', () => {
  expect(plan({ target: 'zfs:tank/vms/new', size: gib + 512 })).toMatchSnapshot()
  expect(plan({ target: 'zfs:tank/new', size: 500 * gib, sparse: true })).toMatchObject({
    steps: [{ input: { sparse: true, size: 500 * gib } }, { id: 'name' }],
  })
})

test('a disk that is no whole number of extents is said to have zeros behind it', () => {
  expect(plan({ size: gib + 512 })).toMatchObject({
    steps: [{ input: { size: gib + 4 * 1024 ** 2 } }, { input: { virtualSize: gib + 512 } }, {}, {}],
    warnings: [{ id: 'volume-larger', severity: 'info' }],
  })
})

test.each<[string, object, VolumeFacts, RegExp]>([
  ['what is no name', { target: 'lvm:pve' }, hostWith(), /^refused: .*no name of a volume/u],
  ['a file', { target: '/vms/a.raw' }, hostWith(), /^refused: .*no name of a volume/u],
  ['an agent', {}, hostWith({}, { isOwnHost: false, places: null }), /^refused: .*libraries only/u],
  ['another system', {}, hostWith({}, { system: 'darwin', places: null }), /^refused: .*on Linux only/u],
  ['who is not root', {}, hostWith({}, { isRoot: false, places: null }), /^refused: .*only root/u],
  [
    'LVM that cannot be read',
    {},
    hostWith({ groups: [], unread: [{ what: 'lvm', reason: 'no', remedy: 'r' }] }),
    /^refused: .*not read: no/u,
  ],
  ['no such group', { target: 'lvm:other/new' }, hostWith(), /^refused: .*no volume group "other"/u],
  [
    'two groups of one name',
    {},
    hostWith({ groups: [1, 2].map(() => ({ ...group, devices: [], pools: [], volumes: [] })) }),
    /^refused: .*2 volume groups/u,
  ],
  ['a group without all its devices', {}, lvm({ missing: 1 }), /^refused: .*1 devices/u],
  ['the name of a volume', { target: 'lvm:pve/root' }, hostWith(), /^target-exists: .*already/u],
  ['the name of a pool', { target: 'lvm:pve/data' }, hostWith(), /^target-exists: .*already/u],
  ['a group without room', { size: 20 * gib + 1 }, hostWith(), /^no-space: /u],
  ['no such pool', { pool: 'none' }, hostWith(), /^refused: .*no thin pool "none"/u],
  ['a sick pool', { pool: 'data' }, pool({ health: 'out_of_data' }), /^refused: .*out_of_data/u],
  ['a pool that does not clear', { pool: 'data' }, pool({ zeroesNew: false }), /^refused: .*does not clear/u],
  ['a pool that is full', { pool: 'data' }, pool({ dataUsed: 96 * gib }), /^refused: .*would run full/u],
  [
    'a pool whose metadata is full',
    { pool: 'data' },
    pool({ metadataUsed: 0.96 * gib }),
    /^refused: .*metadata of the thin pool/u,
  ],
  ['sparse LVM', { sparse: true }, hostWith(), /^refused: .*thin in a pool, or not/u],
  ['a thin pool of ZFS', { target: 'zfs:tank/a', pool: 'data' }, hostWith(), /^refused: .*no thin pools/u],
  ['no such ZFS pool', { target: 'zfs:dozer/a' }, hostWith(), /^refused: .*no imported ZFS pool/u],
  [
    'a ZFS pool that is gone',
    { target: 'zfs:tank/a' },
    zfs({ health: 'SUSPENDED' }),
    /^refused: .*SUSPENDED/u,
  ],
  ['a read-only ZFS pool', { target: 'zfs:tank/a' }, zfs({ readOnly: true }), /^refused: .*read-only/u],
  ['no filesystem to lie in', { target: 'zfs:tank/none/a' }, hostWith(), /^refused: .*to lie in/u],
  ['the name of a ZFS volume', { target: 'zfs:tank/vm-1' }, hostWith(), /^target-exists: .*already/u],
  ['the name of a dataset', { target: 'zfs:tank/vms' }, hostWith(), /^target-exists: .*already/u],
  ['a quota that is too small', { target: 'zfs:tank/vms/a' }, hostWith(), /^no-space: /u],
])('%s is refused', (_, request, facts, says) => {
  const found = plan(request, facts)
  expect(found.kind).toBe('refusal')
  const [problem] = found.kind === 'refusal' ? found.problems : []
  expect(problem?.severity).toBe('block')
  expect(`${problem?.id}: ${problem?.message}`).toMatch(says)
})
