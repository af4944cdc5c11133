import { expect, test } from 'vitest'
import { group, thinPool, zpool } from '../testing/volume-facts.ts'
import type { VolumeFacts } from './facts.ts'
import { volumesOfLibrary } from './of-library.ts'

const gib = 1024 ** 3
const facts: VolumeFacts = {
  host: 'north',
  system: 'linux',
  isRoot: true,
  isOwnHost: true,
  places: {
    groups: [{ ...group, devices: [], pools: [thinPool], volumes: [] }],
    zpools: [zpool],
    btrfs: [],
    folders: [],
    unread: [],
  },
  problems: [],
}
const lvm = { kind: 'lvm', group: 'pve', parent: '' } as const
const zfs = { kind: 'zfs', group: 'tank', parent: 'vms/' } as const

test('a group tells its extents, its room, and the pools in which a volume can be thin', () => {
  expect(volumesOfLibrary(lvm, facts)).toEqual({
    volumes: { ...lvm, unit: 4 * 1024 ** 2, pools: [{ name: 'data', free: 60 * gib }], fault: null },
    free: 20 * gib,
    total: 200 * gib,
  })
})

test('ZFS tells the room of the dataset', () => {
  expect(volumesOfLibrary(zfs, facts)).toMatchObject({
    volumes: { ...zfs, unit: 16 * 1024, pools: [], fault: null },
    free: 10 * gib,
    total: 100 * gib,
  })
})

test.each([
  ['who is not root', lvm, { isRoot: false, places: null }, 'only root'],
  ['another system', lvm, { system: 'windows', places: null }, 'Linux only'],
  ['a group that is not there', { ...lvm, group: 'other' }, {}, 'no volume group "other"'],
  ['a pool that is not there', { ...zfs, group: 'other' }, {}, 'no imported ZFS pool "other"'],
  ['a dataset that is not there', { ...zfs, parent: 'no/' }, {}, 'no filesystem of ZFS'],
])('%s: told why no volume is made there', (_, folder, change, reason) => {
  const { volumes } = volumesOfLibrary(folder, { ...facts, ...change })
  expect(volumes.fault?.reason).toContain(reason)
  expect(volumes.fault?.remedy).not.toBe('')
})
