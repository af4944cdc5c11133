import { noUses } from '@varve/core/problems/use'
import { expect, test } from 'vitest'
import type { VolumeFacts } from '../volumes/facts.ts'
import { group, hostWith, thinPool, volume, zpool } from '../testing/volume-facts.ts'
import { deleteVolume, type DeleteVolumeFacts } from './plan.ts'

function plan(name: string, facts: VolumeFacts = hostWith(), uses: DeleteVolumeFacts['uses'] = noUses) {
  const [volume = '', snapshot = null] = name.split('@')
  return deleteVolume.plan({ volume, snapshot }, { ...facts, uses })
}

const lvm = (...volumes: readonly object[]) =>
  hostWith({
    groups: [
      { ...group, devices: [], pools: [thinPool], volumes: volumes.map((one) => ({ ...volume, ...one })) },
    ],
  })

test('asks by name, and removes what it looked at', () => {
  expect(plan('lvm:pve/root')).toMatchSnapshot()
  expect(plan('zfs:tank/vm-1')).toMatchObject({
    steps: [
      {
        action: 'remove-volume',
        input: { volume: { kind: 'zfs', group: 'tank', volume: 'vm-1' }, uuid: null },
      },
    ],
    warnings: [{ id: 'volume-removed', asks: true }],
  })
})

const snapshot = { name: 'tank/vm-1@s1', used: 0, size: 1, holds: 1, clones: ['tank/vm-2'] }

test.each<[string, string, VolumeFacts, RegExp]>([
  ['one that is not there', 'lvm:pve/none', hostWith(), /no logical volume/u],
  ['one of a group that is not there', 'lvm:none/root', hostWith(), /no logical volume/u],
  ['a thin pool', 'lvm:pve/data', hostWith(), /holds volumes/u],
  ['one that is open', 'lvm:pve/root', lvm({ isOpen: true }), /has it open/u],
  [
    'one with snapshots',
    'lvm:pve/root',
    lvm({}, { name: 'snap', address: 'lvm:pve/snap', origin: 'root' }),
    /snapshots, clones or holds: lvm:pve\/snap/u,
  ],
  ['a ZFS volume that is not there', 'zfs:tank/none', hostWith(), /no ZFS volume/u],
  ['a filesystem of ZFS', 'zfs:tank/vms', hostWith(), /no ZFS volume/u],
  [
    'a ZFS volume with snapshots and clones',
    'zfs:tank/vm-1',
    hostWith({ zpools: [{ ...zpool, snapshots: [snapshot] }] }),
    /tank\/vm-1@s1 \(held\), tank\/vm-2/u,
  ],
  ['who is not root', 'lvm:pve/root', hostWith({}, { isRoot: false, places: null }), /only root/u],
])('%s is refused', (_, name, facts, message) => {
  expect(plan(name, facts)).toMatchObject({
    kind: 'refusal',
    problems: [{ severity: 'block', message: expect.stringMatching(message) as string }],
  })
})

test('a snapshot is removed by itself', () => {
  const origin = { name: 'snap', address: 'lvm:pve/snap', origin: 'root', uuid: 'u'.repeat(38) }
  expect(plan('lvm:pve/root@snap', lvm({}, origin))).toMatchObject({
    summary: 'Remove lvm:pve/snap (8.00 GiB) for good',
    steps: [{ action: 'remove-volume', input: { volume: { volume: 'snap' }, uuid: 'u'.repeat(38) } }],
  })
  const free = { ...snapshot, holds: 0, clones: [] }
  expect(plan('zfs:tank/vm-1@s1', hostWith({ zpools: [{ ...zpool, snapshots: [free] }] }))).toMatchObject({
    steps: [{ action: 'remove-snapshot', input: { volume: { volume: 'vm-1' }, name: 's1' } }],
  })
})

test('thin ones do without the one that they were made of, which can be removed', () => {
  const thin = { kind: 'thin', pool: 'data' }
  const made = { ...thin, name: 'snap', address: 'lvm:pve/snap', origin: 'root' }
  expect(plan('lvm:pve/root', lvm(thin, made))).toMatchObject({
    kind: 'plan',
    warnings: [
      { id: 'snapshots-stand-alone', message: expect.stringContaining('lvm:pve/snap') as string },
      { id: 'volume-removed' },
    ],
  })
  expect(plan('lvm:pve/root', lvm({ ...thin, pool: 'other' }, made))).toMatchObject({ kind: 'refusal' })
  expect(plan('lvm:pve/root', lvm({}, made))).toMatchObject({ kind: 'refusal' })
})

test.each([
  ['lvm:pve/other@root', hostWith(), /no snapshot of lvm:pve\/other/u],
  ['lvm:pve/root@none', hostWith(), /no logical volume/u],
  ['zfs:tank/vm-1@none', hostWith(), /no snapshot of that name/u],
  ['zfs:tank/vm-1@s1', hostWith({ zpools: [{ ...zpool, snapshots: [snapshot] }] }), /1 hold /u],
])('a snapshot that is not there, or is needed, is refused: %s', (name, facts, message) => {
  expect(plan(name, facts)).toMatchObject({
    kind: 'refusal',
    problems: [{ message: expect.stringMatching(message) as string }],
  })
})

test('one that is mounted is refused, by whom it is used', () => {
  const files = [{ path: '/dev/pve/root', uses: [{ by: 'mount', at: '/' }] }] as const
  expect(plan('lvm:pve/root', hostWith(), { files, unseen: [] })).toMatchObject({
    kind: 'refusal',
    problems: [{ id: 'in-use', severity: 'block' }],
  })
})
