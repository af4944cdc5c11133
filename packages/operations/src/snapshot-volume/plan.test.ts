import { noUses, type Uses } from '@varve/core/problems/use'
import { expect, test } from 'vitest'
import { group, hostWith, thinPool, volume, zpool } from '../testing/volume-facts.ts'
import type { VolumeFacts } from '../volumes/facts.ts'
import { snapshotVolume } from './plan.ts'

const thin = { ...volume, name: 'vm', address: 'lvm:pve/vm', kind: 'thin', pool: 'data' }

function plan(named: string, facts: VolumeFacts = lvm({}), uses: Uses = noUses) {
  const [name = '', snapshot = ''] = named.split('@')
  return snapshotVolume.plan({ volume: name, name: snapshot }, { ...facts, uses })
}

const lvm = (pool: object) =>
  hostWith({
    groups: [{ ...group, devices: [], pools: [{ ...thinPool, ...pool }], volumes: [volume, thin] }],
  })

test('LVM keeps the state of a thin volume, ZFS that of a volume', () => {
  expect(plan('lvm:pve/vm@before')).toMatchSnapshot()
  expect(plan('zfs:tank/vm-1@before')).toMatchObject({
    summary: 'Keep the present state of zfs:tank/vm-1 as zfs:tank/vm-1@before',
    steps: [{ action: 'snapshot-volume', input: { name: 'before' } }],
  })
})

test('of one that is written to, a word is asked: it is kept as after a power cut', () => {
  const files = [{ path: '/dev/pve/vm', uses: [{ by: 'mount', at: '/srv' }] }] as const
  expect(plan('lvm:pve/vm@before', lvm({}), { files, unseen: [] })).toMatchObject({
    kind: 'plan',
    warnings: [{ id: 'in-use', asks: true, remedy: expect.stringContaining('power was cut') as string }],
  })
})

const taken = { name: 'tank/vm-1@before', used: 0, size: 1, holds: 0, clones: [] }

test.each([
  ['a thick volume', 'lvm:pve/root@before', lvm({}), /not thin/u],
  ['one that is not there', 'lvm:pve/none@before', lvm({}), /no logical volume/u],
  ['a name that is taken', 'lvm:pve/vm@root', lvm({}), /of that name already/u],
  ['the name of the pool', 'lvm:pve/vm@data', lvm({}), /of that name already/u],
  ['a name that none can have', 'lvm:pve/vm@a b', lvm({}), /no snapshot can be called/u],
  ['an option', 'lvm:pve/vm@-f', lvm({}), /no snapshot can be called/u],
  ['a pool that is full', 'lvm:pve/vm@before', lvm({ dataUsed: 96 * 1024 ** 3 }), /would run full/u],
  ['no ZFS volume', 'zfs:tank/none@before', hostWith(), /no ZFS volume/u],
  [
    'a pool that is gone',
    'zfs:tank/vm-1@b',
    hostWith({ zpools: [{ ...zpool, health: 'SUSPENDED' }] }),
    /SUSPENDED/u,
  ],
  [
    'a ZFS name that is taken',
    'zfs:tank/vm-1@before',
    hostWith({ zpools: [{ ...zpool, snapshots: [taken] }] }),
    /already/u,
  ],
])('%s is refused', (_, named, facts, message) => {
  expect(plan(named, facts)).toMatchObject({
    kind: 'refusal',
    problems: [{ severity: 'block', message: expect.stringMatching(message) as string }],
  })
})
