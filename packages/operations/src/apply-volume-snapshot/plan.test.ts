import { noUses } from '@varve/core/problems/use'
import { parseVolumeAddress } from '@varve/core/image/volume-address'
import type { LogicalVolume, ZfsPool } from '@varve/protocol/places'
import { expect, test } from 'vitest'
import { group, hostWith, thinPool, volume, zpool } from '../testing/volume-facts.ts'
import type { VolumeFacts } from '../volumes/facts.ts'
import { applyVolumeSnapshot, type ApplyVolumeSnapshotFacts } from './plan.ts'

const gib = 1024 ** 3

function plan(given: string, host: VolumeFacts, uses: ApplyVolumeSnapshotFacts['uses'] = noUses) {
  const [name = '', snapshot = ''] = given.split('@')
  const address = parseVolumeAddress(name)
  return applyVolumeSnapshot.plan(
    { volume: name, name: snapshot },
    {
      ...host,
      uses,
      kept: address && { ...address, volume: `${address.volume}-before-00c0ffee` },
      staging: '0123456789ab',
      sectorSize: null,
    },
  )
}

const thin = { kind: 'thin', pool: 'data' } as const
const s1 = { ...thin, name: 's1', address: 'lvm:pve/s1', origin: 'root' } as const

const lvm = (...volumes: readonly Partial<LogicalVolume>[]) =>
  hostWith({
    groups: [
      { ...group, devices: [], pools: [thinPool], volumes: volumes.map((one) => ({ ...volume, ...one })) },
    ],
  })

const ofZfs = { name: 'tank/vm-1@s1', used: 0, size: 8 * gib, holds: 0, clones: [] }
const zfs = (change: Partial<ZfsPool> = {}) =>
  hostWith({ zpools: [{ ...zpool, snapshots: [ofZfs], ...change }] })

test('a copy of the snapshot takes the name, and the present state is kept', () => {
  expect(plan('lvm:pve/root@s1', lvm(thin, s1))).toMatchSnapshot()
})

test('of ZFS it is a clone: nothing newer is rolled back', () => {
  expect(plan('zfs:tank/vm-1@s1', zfs())).toMatchObject({
    steps: [
      { action: 'copy-volume', input: { origin: { volume: { volume: 'vm-1' }, snapshot: 's1' } } },
      { action: 'digest-image', input: { image: { path: '/dev/zvol/tank/varve-new-0123456789ab' } } },
      {
        action: 'replace-volume',
        input: { holds: { $from: 'measure' }, copyOf: null, virtualSize: 8 * gib },
      },
    ],
  })
  const volumes = zpool.volumes.map((one) => ({ ...one, reserved: 1 }))
  expect(plan('zfs:tank/vm-1@s1', zfs({ volumes }))).toMatchObject({
    warnings: [{ id: 'volume-sparse' }, { id: 'original-kept' }],
  })
})

test('of what had the name before, as after a grow; of anything else it asks', () => {
  const before = { ...s1, origin: 'root-before-0badcafe', size: 4 * gib }
  expect(plan('lvm:pve/root@s1', lvm(thin, before))).toMatchObject({
    warnings: [{ id: 'size-then' }, { id: 'original-kept' }],
  })
  for (const origin of ['other', 'root-before-x', null])
    expect(plan('lvm:pve/root@s1', lvm(thin, { ...s1, origin }))).toMatchObject({
      warnings: [{ id: 'snapshot-of-another', asks: true }, { id: 'original-kept' }],
    })
})

test.each<[string, string, VolumeFacts, RegExp]>([
  ['what is no name of a volume', 'root@s1', lvm(thin, s1), /no name of a volume/u],
  ['a snapshot that is not there', 'lvm:pve/root@s2', lvm(thin, s1), /no snapshot of that name/u],
  ['itself', 'lvm:pve/root@root', lvm(thin), /no snapshot of that name/u],
  ['what no snapshot can be called', 'lvm:pve/root@a b', lvm(thin, s1), /can be called/u],
  [
    'one that is not thin',
    'lvm:pve/root@s1',
    lvm(thin, { name: 's1', address: 'lvm:pve/s1' }),
    /no thin volume/u,
  ],
  ['a snapshot that is open', 'lvm:pve/root@s1', lvm(thin, { ...s1, isOpen: true }), /has lvm:pve\/s1 open/u],
  ['a volume that is open', 'lvm:pve/root@s1', lvm({ ...thin, isOpen: true }, s1), /open/u],
  ['a thick volume', 'lvm:pve/root@s1', lvm({}), /not thin/u],
  [
    'a thick volume with a snapshot',
    'lvm:pve/root@s1',
    lvm({}, { ...s1, kind: 'snapshot', pool: null }),
    /room of their own/u,
  ],
  ['no snapshot of ZFS', 'zfs:tank/vm-1@s2', zfs(), /no snapshot of that name/u],
  ['one that is held', 'zfs:tank/vm-1@s1', zfs({ snapshots: [{ ...ofZfs, holds: 1 }] }), /is held/u],
  ['who is not root', 'lvm:pve/root@s1', hostWith({}, { isRoot: false, places: null }), /only root/u],
])('%s is refused', (_, name, host, message) => {
  expect(plan(name, host)).toMatchObject({
    kind: 'refusal',
    problems: [{ severity: 'block', message: expect.stringMatching(message) as string }],
  })
})

test('one that is mounted is refused, once', () => {
  const files = [{ path: '/dev/pve/root', uses: [{ by: 'mount', at: '/' }] }] as const
  expect(plan('lvm:pve/root@s1', lvm({ ...thin, isOpen: true }, s1), { files, unseen: [] })).toMatchObject({
    kind: 'refusal',
    problems: [{ id: 'in-use' }],
  })
})
