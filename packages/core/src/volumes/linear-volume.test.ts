import { expect, test } from 'vitest'
import { own, physicalVolume } from '../testing/physical-volume.ts'
import { sparseDisk } from '../testing/sparse-disk.ts'
import { countExtents, readLinearVolume } from './linear-volume.ts'

const mib = 1024 ** 2
const [at, size] = [4 * mib, 64 * mib]
const root = { group: 'vg', name: 'root' }

const segment = (start: number, count: number, place: number) =>
  `segment${start + 1} { start_extent = ${start} extent_count = ${count} type = "striped" stripe_count = 1 stripes = ["pv0", ${place}] }`
const volume = (name: string, ...segments: readonly string[]) =>
  `${name} { id = "${name}" status = ["READ", "VISIBLE"] segment_count = ${segments.length} ${segments.join(' ')} }`
const groupText = (count: number, status = '"RESIZEABLE", "READ", "WRITE"') =>
  `vg { id = "g" seqno = 7 status = [${status}] extent_size = 8192
  physical_volumes { pv0 { id = "${own}" status = ["ALLOCATABLE"] dev_size = 131072 pe_start = 2048 pe_count = ${count} } }
  logical_volumes { ${volume('root', segment(0, 3, 4), segment(3, 2, 10))} ${volume('home', segment(0, 1, 12))} } }`

const found = async (text: string, name = 'root', length = size) =>
  readLinearVolume(
    sparseDisk(at + size, physicalVolume(text, { at, size })),
    { start: at, length },
    {
      ...root,
      name,
    },
  )

test('a volume of a partition is found with its group and where it lies on the disk', async () => {
  const seen = await found(groupText(15))
  if (typeof seen === 'string') throw new Error(seen)
  expect(seen.pieces).toEqual([
    { length: 12 * mib, chunk: 12 * mib, stripes: [{ physical: at, at: 17 * mib }] },
    { length: 8 * mib, chunk: 8 * mib, stripes: [{ physical: at, at: 41 * mib }] },
  ])
  expect(countExtents(seen.group, seen.volume)).toEqual({
    extentSize: 4 * mib,
    dataStart: mib,
    volume: 5,
    others: 1,
  })
})

test.each<[string, ReturnType<typeof found>, string]>([
  [
    'an exported group',
    found(groupText(15, '"EXPORTED", "RESIZEABLE", "READ", "WRITE"')),
    'its volume group is exported',
  ],
  ['another name', found(groupText(15), 'var'), 'it has no logical volume vg/var'],
  [
    'extents behind the end',
    found(groupText(16)),
    'the volume group vg goes beyond the end of its physical volume',
  ],
  ['no metadata', found(''), 'it has no metadata of a volume group'],
])('%s: its extents are not moved', async (_, seen, why) => {
  expect(await seen).toBe(why)
})
