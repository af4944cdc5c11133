import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { nbdServers, relatedDevices, usersOfDevice } from './linux-devices.ts'
import { makeDevice } from '../system/device-numbers.ts'

/** sysfs of a disk with two partitions, one of them under a volume, and the table of mounts. */
async function fakeRoots(place: { file(name: string): string }) {
  const files: Record<string, string> = {
    'sys/block/sda/dev': '8:0\n',
    'sys/block/sda/sda1/dev': '8:1\n',
    'sys/block/sda/sda1/partition': '1\n',
    'sys/block/sda/sda2/dev': '8:2\n',
    'sys/block/sda/sda2/partition': '2\n',
    'sys/block/sda/sda2/holders/dm-0/uevent': '',
    'sys/block/nbd0/pid': '4243\n',
    'sys/block/nbd1/size': '0\n',
    'proc/4243/status': 'Name:\tqemu-nbd\nTgid:\t4242\nPid:\t4243\n',
    'sys/block/dm-0/dev': '253:0\n',
    'sys/block/dm-0/dm/name': 'vg-root\n',
    'proc/self/mountinfo':
      '1 0 253:0 / /srv rw - ext4 /dev/mapper/vg-root rw\n2 0 8:1 / /boot ro - ext4 /dev/sda1 ro\n',
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(place.file(name)), { recursive: true })
    await writeFile(place.file(name), text)
  }
  await mkdir(place.file('sys/dev/block'), { recursive: true })
  for (const [numbers, folder] of [
    ['8:0', 'sda'],
    ['8:1', 'sda/sda1'],
    ['8:2', 'sda/sda2'],
    ['253:0', 'dm-0'],
  ] as const)
    await symlink(`../../block/${folder}`, place.file(`sys/dev/block/${numbers}`))
  return { proc: place.file('proc'), sys: place.file('sys') }
}

test('an NBD device is served by a process, whichever of its threads the kernel names', async () => {
  await using place = await tempPlace()
  expect([...nbdServers(await fakeRoots(place))]).toEqual([[4242, '/dev/nbd0']])
})

test('a disk is used by what lies over its partitions', async () => {
  await using place = await tempPlace()
  const roots = await fakeRoots(place)
  const who = (major: bigint, minor: bigint) => usersOfDevice(makeDevice(major, minor), roots)
  const volume = [
    { by: 'mapping', device: '/dev/mapper/vg-root' },
    { by: 'mount', at: '/srv' },
  ]
  expect(who(8n, 0n)).toEqual(volume)
  expect(who(8n, 2n)).toEqual(volume)
  expect(who(253n, 0n)).toEqual([{ by: 'mount', at: '/srv' }])
})

test('what is mounted for reading only is not written to, and neighbours do not count', async () => {
  await using place = await tempPlace()
  expect(usersOfDevice(makeDevice(8n, 1n), await fakeRoots(place))).toEqual([])
})

test('who writes to the whole disk writes to its partition', async () => {
  await using place = await tempPlace()
  const { sys } = await fakeRoots(place)
  expect([...relatedDevices(makeDevice(8n, 1n), sys).keys()].toSorted()).toEqual(['8:0', '8:1'])
  expect([...relatedDevices(makeDevice(9n, 9n), sys).keys()]).toEqual(['9:9'])
})
