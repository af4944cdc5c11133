import { noUses } from '@varve/core/problems/use'
import { expect, test } from 'vitest'
import type { VolumeFacts } from '../volumes/facts.ts'
import { group, hostWith, thinPool, volume, zpool } from '../testing/volume-facts.ts'
import { deleteVolume, type DeleteVolumeFacts } from './plan.ts'

function plan(name: string, facts: VolumeFacts = hostWith(), uses: DeleteVolumeFacts['uses'] = noUses) {
  return deleteVolume.plan({ volume: name }, { ...facts, uses })
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
    /snapshots or clones: lvm:pve\/snap/u,
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

test('one that is mounted is refused, by whom it is used', () => {
  const files = [{ path: '/dev/pve/root', uses: [{ by: 'mount', at: '/' }] }] as const
  expect(plan('lvm:pve/root', hostWith(), { files, unseen: [] })).toMatchObject({
    kind: 'refusal',
    problems: [{ id: 'in-use', severity: 'block' }],
  })
})
