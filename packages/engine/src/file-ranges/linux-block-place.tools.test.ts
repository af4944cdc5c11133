import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { blockPlace } from './linux-block-place.ts'

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
