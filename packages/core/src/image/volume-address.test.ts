import { expect, test } from 'vitest'
import {
  isVolumeAddress,
  parseVolumeAddress,
  volumeAddress,
  volumeDevice,
  volumeIn,
  volumesOfFolder,
} from './volume-address.ts'

test.each([
  ['lvm:pve/vm-100-disk-0', '/dev/pve/vm-100-disk-0'],
  ['lvm:vg+1/a.b_c', '/dev/vg+1/a.b_c'],
  ['zfs:tank/vm-100-disk-0', '/dev/zvol/tank/vm-100-disk-0'],
  ['zfs:tank/images/a b:c', '/dev/zvol/tank/images/a b:c'],
])('%s is a volume', (text, device) => {
  const found = parseVolumeAddress(text)
  expect(isVolumeAddress(text)).toBe(true)
  expect(found && volumeAddress(found)).toBe(text)
  expect(found && volumeDevice(found)).toBe(device)
})

test.each([
  'lvm:vg',
  'lvm:/lv',
  'lvm:vg/',
  'lvm:vg/a/b',
  'lvm:-vg/lv',
  'lvm:vg/-rf',
  'lvm:../lv',
  'lvm:vg/..',
  'lvm:vg/a b',
  'lvm:vg/snapshot1',
  'lvm:vg/pool_tdata',
  'lvm:vg/lv@snap',
  `lvm:vg/${'a'.repeat(200)}`,
  'zfs:tank',
  'zfs:tank/',
  'zfs:tank//a',
  'zfs:tank/../a',
  'zfs:tank/a@s',
  'zfs:-o/a',
  'zfs:tank/a\nb',
])('%j is none', (text) => {
  expect(isVolumeAddress(text)).toBe(true)
  expect(parseVolumeAddress(text)).toBeNull()
})

test.each(['/dev/pve/root', 'disk.raw', 'nbd://h/x', './lvm:vg/lv'])('%s is not meant as one', (text) => {
  expect(isVolumeAddress(text)).toBe(false)
})

test.each([
  ['/dev/pve', 'vm-1', 'lvm:pve/vm-1'],
  ['/dev/zvol/tank', 'vm-1', 'zfs:tank/vm-1'],
  ['/dev/zvol/tank/a/b', 'vm-1', 'zfs:tank/a/b/vm-1'],
])('the volumes of %s: %s is %s', (folder, name, address) => {
  const found = volumesOfFolder(folder)
  const volume = found && volumeIn(found, name)
  expect(volume && volumeAddress(volume)).toBe(address)
  expect(volume && volumeDevice(volume)).toBe(`${folder}/${name}`)
})

test.each([
  '/dev',
  '/dev/',
  '/dev/pve/a',
  '/dev/zvol',
  '/srv/images',
  '/dev/zvol/tank//a',
  '/dev/zvol/tank/..',
])('%s is no folder of volumes', (folder) => {
  const found = volumesOfFolder(folder)
  expect(found && volumeIn(found, 'a')).toBeNull()
})

test.each(['', 'a/b', '..', '-a', 'varve-new-1', 'a b'])('%j is no name of a volume of LVM', (name) => {
  expect(volumeIn({ kind: 'lvm', group: 'pve', parent: '' }, name)).toBeNull()
})
