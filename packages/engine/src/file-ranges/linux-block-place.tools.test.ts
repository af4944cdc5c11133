import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { blockPlace, copiesBelow } from './linux-block-place.ts'

/** A sysfs with one device, as the lab's kernel shows it, and with the devices below it. */
async function sysWith(
  sys: string,
  { name, uuid, below = {} }: { name: string; uuid?: string; below?: Readonly<Record<string, string>> },
) {
  const folder = join(sys, 'devices/virtual/block', name)
  await mkdir(join(folder, 'slaves'), { recursive: true })
  await mkdir(join(sys, 'dev/block'), { recursive: true })
  await symlink(`../../devices/virtual/block/${name}`, join(sys, 'dev/block/253:5'))
  if (uuid !== undefined) {
    await mkdir(join(folder, 'dm'))
    await writeFile(join(folder, 'dm/uuid'), `${uuid}\n`)
  }
  for (const [slave, its] of Object.entries(below)) {
    await mkdir(join(folder, 'slaves', slave, 'dm'), { recursive: true })
    await writeFile(join(folder, 'slaves', slave, 'dm/uuid'), `${its}\n`)
  }
}

const group = 'LVM-GpArr0ivD0KnI3KsU7E6oevJ2436JzNq'

test.skipIf(process.platform !== 'linux').each([
  [{ name: 'dm-5', uuid: `${group}a`, below: { 'dm-3': `${group}b-tpool` } }, 'thin volume of LVM', true],
  [{ name: 'dm-5', uuid: `${group}a`, below: { loop0: '' } }, 'volume of LVM', false],
  [
    { name: 'dm-5', uuid: `${group}a`, below: { 'dm-6': `${group}a-real` } },
    'volume of LVM with a snapshot',
    true,
  ],
  [{ name: 'dm-5', uuid: 'CRYPT-LUKS2-1' }, 'device-mapper volume', false],
  [{ name: 'zd16' }, 'ZFS volume', true],
  [{ name: 'sdb' }, 'block device', false],
])('%j is told as what it is', async (device, holder, copyOnWrite) => {
  await using place = await tempPlace()
  await sysWith(place.path, device)
  expect(blockPlace('253:5', place.path)).toMatchObject({ holder, copyOnWrite })
})

test('what sysfs does not show is not told', async () => {
  await using place = await tempPlace()
  expect(blockPlace('253:5', place.path)).toBeNull()
})

/** Devices of a sysfs, each with what it is and those below it; a partition lies in the folder of its disk. */
async function devicesIn(
  sys: string,
  devices: Readonly<Record<string, { uuid?: string; slaves?: readonly string[]; disk?: string }>>,
): Promise<void> {
  await mkdir(join(sys, 'dev/block'), { recursive: true })
  const insideOf = (name: string) => {
    const disk = devices[name]?.disk
    return `devices/virtual/block/${disk === undefined ? name : `${disk}/${name}`}`
  }
  for (const [number, [name, { uuid, slaves = [], disk }]] of Object.entries(devices).entries()) {
    const inside = insideOf(name)
    const folder = join(sys, inside)
    await mkdir(join(folder, 'slaves'), { recursive: true })
    await symlink(`../../${inside}`, join(sys, `dev/block/7:${number}`))
    await writeFile(join(folder, 'dev'), `7:${number}\n`)
    if (disk !== undefined) await writeFile(join(folder, 'partition'), '1\n')
    if (uuid !== undefined) {
      await mkdir(join(folder, 'dm'), { recursive: true })
      await writeFile(join(folder, 'dm/uuid'), `${uuid}\n`)
    }
    for (const slave of slaves) await symlink(join(sys, insideOf(slave)), join(folder, 'slaves', slave))
  }
}

test.skipIf(process.platform !== 'linux').each([
  [
    'a thin volume',
    { 'dm-0': { uuid: `${group}a`, slaves: ['dm-1'] }, 'dm-1': { uuid: `${group}b-tpool` } },
    'thin volume of LVM',
  ],
  [
    'LUKS on a partition of a zvol',
    { 'dm-0': { uuid: 'CRYPT-LUKS2-1', slaves: ['zd0p1'] }, zd0: {}, zd0p1: { disk: 'zd0' } },
    'ZFS volume',
  ],
  [
    'a partition of a thin volume',
    {
      sdx1: { disk: 'dm-7' },
      'dm-7': { uuid: `${group}a`, slaves: ['dm-1'] },
      'dm-1': { uuid: `${group}b-tpool` },
    },
    'thin volume of LVM',
  ],
  ['a RAID of disks', { md0: { slaves: ['sda', 'sdb'] }, sda: {}, sdb: {} }, null],
  ['a thick volume', { 'dm-0': { uuid: `${group}a`, slaves: ['sda'] }, sda: {} }, null],
  ['a circle', { 'dm-0': { uuid: 'x', slaves: ['dm-1'] }, 'dm-1': { uuid: 'y', slaves: ['dm-0'] } }, null],
])('what copies below a filesystem: %s', async (_, devices, found) => {
  await using place = await tempPlace()
  await devicesIn(place.path, devices)
  expect(copiesBelow('7:0', place.path)).toBe(found)
})
