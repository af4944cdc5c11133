import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { thinPoolBelow } from './thin-pool-below.ts'

const uuid = `LVM-${'a1'.repeat(32)}`

/** A folder as sysfs is, with those files and links. */
function sysOf(
  place: TempPlace,
  files: Readonly<Record<string, string>>,
  links: Readonly<Record<string, string>> = {},
) {
  const at = (path: string) => {
    mkdirSync(dirname(place.file(path)), { recursive: true })
    return place.file(path)
  }
  for (const [path, text] of Object.entries(files)) writeFileSync(at(path), `${text}\n`)
  for (const [path, target] of Object.entries(links)) symlinkSync(target, at(path))
  return place.path
}

const numbered = (name: string, number: string) => ({ [`class/block/${name}/dev`]: number })

/** A thin volume over its pool, over a physical volume. */
const thin = {
  ...numbered('dm-9001', '253:9001'),
  'class/block/dm-9001/dm/uuid': `${uuid}`,
  'class/block/dm-9001/dm/name': 'my--vg-disk',
  'class/block/dm-9001/slaves/dm-9002/dev': '253:9002',
  ...numbered('dm-9002', '253:9002'),
  'class/block/dm-9002/dm/uuid': `${uuid}-tpool`,
  'class/block/dm-9002/dm/name': 'my--vg-the--pool-tpool',
  'class/block/dm-9002/slaves/sda/dev': '8:0',
  ...numbered('sda', '8:0'),
}
const pool = { group: 'my-vg', pool: 'the-pool' }

test.each([
  ['a thin volume', '/dev/dm-9001', thin],
  [
    'a loop device over one',
    '/dev/loop9003',
    { ...thin, ...numbered('loop9003', '7:9003'), 'class/block/loop9003/loop/backing_file': '/dev/dm-9001' },
  ],
  [
    'a mapping over that',
    '/dev/dm-9004',
    {
      ...thin,
      ...numbered('loop9003', '7:9003'),
      'class/block/loop9003/loop/backing_file': '/dev/dm-9001',
      ...numbered('dm-9004', '253:9004'),
      'class/block/dm-9004/dm/uuid': 'varve',
      'class/block/dm-9004/slaves/loop9003/dev': '7:9003',
    },
  ],
])('%s lies in its pool', async (_what, device, files) => {
  await using place = await tempPlace()
  expect(thinPoolBelow(device, sysOf(place, files))).toEqual(pool)
})

test('a partition lies where its disk does', async () => {
  await using place = await tempPlace()
  const disk = 'devices/loop9003'
  const sys = sysOf(
    place,
    {
      ...thin,
      [`${disk}/dev`]: '7:9003',
      [`${disk}/loop/backing_file`]: '/dev/dm-9001',
      [`${disk}/loop9003p1/dev`]: '259:9001',
      [`${disk}/loop9003p1/partition`]: '1',
    },
    { 'class/block/loop9003p1': `../../${disk}/loop9003p1` },
  )
  expect(thinPoolBelow('/dev/loop9003p1', sys)).toEqual(pool)
})

test('what lies in no pool, is a file, is not there or goes in a circle has none', async () => {
  await using place = await tempPlace()
  const circle = { ...numbered('dm-9005', '253:9005'), 'class/block/dm-9005/slaves/dm-9005/dev': '253:9005' }
  const loop = {
    ...numbered('loop9003', '7:9003'),
    'class/block/loop9003/loop/backing_file': '/srv/disk.raw',
  }
  const sys = sysOf(place, { ...thin, ...circle, ...loop })
  for (const device of ['/dev/sda', '/dev/dm-9005', '/dev/loop9003', '/dev/dm-9006', place.path])
    expect(thinPoolBelow(device, sys)).toBeNull()
})
