import { describe, expect, test } from 'vitest'
import { readGuestContents } from '../scan/read-guest.ts'
import { own, physicalVolume } from '../testing/physical-volume.ts'
import { sparseDisk, type Patch } from '../testing/sparse-disk.ts'
import { readVolumeGroups } from './lvm2-groups.ts'
import { mappedDisk, runAt } from './mapped-disk.ts'

const mib = 1024 * 1024
const size = 64 * mib
const half = 32 * mib
const other = 'zyxwvu-0123-4567-89AB-CDEF-GHIJ-KLMNOP'

/** A protective table with two partitions, each a physical volume of the same group. */
function twoPartitions(
  text: string,
  options: { readonly older?: string; readonly uuid?: string } = {},
): Patch[] {
  const table = new Uint8Array(512)
  const view = new DataView(table.buffer)
  for (const [index, start, length] of [
    [0, mib, half - mib],
    [1, half, half],
  ] as const) {
    table[446 + index * 16 + 4] = 0x8e
    view.setUint32(446 + index * 16 + 8, start / 512, true)
    view.setUint32(446 + index * 16 + 12, length / 512, true)
  }
  table.set([0x55, 0xaa], 510)
  return [
    { at: 0, bytes: table },
    ...physicalVolume(options.older ?? text, { at: mib, size: half - mib }),
    ...physicalVolume(text, { at: half, size: half, uuid: options.uuid ?? other }),
  ]
}

const group = (volumes: string, sequence = 2) => `vg-0 { id = "g" seqno = ${sequence} extent_size = 8192
  physical_volumes { pv0 { id = "${own}" pe_start = 2048 } pv1 { id = "${other}" pe_start = 2048 } }
  logical_volumes { ${volumes} } }`
const volume = (name: string, ...segments: string[]) =>
  `${name} { status = ["READ", "VISIBLE"] ${segments.map((one, at) => `segment${at + 1} { ${one} }`).join(' ')} }`
const striped = (start: number, count: number, stripes: string, more = '') =>
  `start_extent = ${start} extent_count = ${count} type = "striped" stripes = [${stripes}] ${more}`

async function mapsOf(patches: readonly Patch[]) {
  const disk = sparseDisk(size, patches)
  const { volumes } = await readGuestContents(disk)
  return await readVolumeGroups(disk, volumes)
}

test('a volume over two partitions is read in one piece', async () => {
  const text = group(volume('ro-ot', striped(1, 1, '"pv1", 2'), striped(0, 1, '"pv0", 1')))
  const patches = twoPartitions(text)
  const [found, ...more] = await mapsOf(patches)
  expect(more).toEqual([])
  expect(found).toEqual({
    group: 'vg-0',
    name: 'ro-ot',
    length: 8 * mib,
    reason: null,
    pieces: [
      { length: 4 * mib, chunk: 4 * mib, stripes: [{ physical: mib, at: 5 * mib }] },
      { length: 4 * mib, chunk: 4 * mib, stripes: [{ physical: half, at: 9 * mib }] },
    ],
  })
  const bytes = new Uint8Array([1, 2, 3, 4])
  const inside = sparseDisk(size, [
    ...patches,
    { at: mib + 9 * mib - 2, bytes: bytes.subarray(0, 2) },
    { at: half + 9 * mib, bytes: bytes.subarray(2) },
  ])
  const read = new Uint8Array(4)
  await mappedDisk(inside, found?.pieces ?? []).readInto(read, 4 * mib - 2)
  expect(read).toEqual(bytes)
})

test('stripes take turns', async () => {
  const stripes = striped(0, 2, '"pv0", 0, "pv1", 1', 'stripe_size = 128')
  const [found] = await mapsOf(twoPartitions(group(volume('root', stripes))))
  const pieces = found?.pieces ?? []
  const kib64 = 64 * 1024
  expect(pieces).toMatchObject([{ length: 8 * mib, chunk: kib64 }])
  const [pv0, pv1] = [mib + mib, half + 5 * mib]
  expect([0, 1, kib64, 2 * kib64 + 5, 8 * mib - 1].map((at) => runAt(pieces, at))).toEqual([
    { start: pv0, length: kib64 },
    { start: pv0 + 1, length: kib64 - 1 },
    { start: pv1, length: kib64 },
    { start: pv0 + kib64 + 5, length: kib64 - 5 },
    { start: pv1 + 4 * mib - 1, length: 1 },
  ])
})

test('the newest copy of the metadata counts, wherever it lies', async () => {
  const older = group(volume('old', striped(0, 1, '"pv0", 0')), 1)
  const newest = group(volume('new', striped(0, 1, '"pv0", 0')))
  expect(await mapsOf(twoPartitions(newest, { older }))).toMatchObject([{ name: 'new' }])
})

describe('what cannot be had is named with the reason', () => {
  test.each([
    ['thin', volume('root', 'start_extent = 0 extent_count = 1 type = "thin"'), 'is a thin volume'],
    ['a mirror', volume('root', 'start_extent = 0 extent_count = 1 type = "raid1"'), 'is a raid1 volume'],
    ['no extents', volume('root'), 'has no extents'],
    ['a gap', volume('root', striped(1, 1, '"pv0", 0')), 'has gaps'],
    [
      'a missing disk',
      volume('root', striped(0, 1, '"pv2", 0')),
      'is being moved, and a part of it lies in pv2',
    ],
    [
      'beyond its end',
      volume('root', striped(0, 1, '"pv0", 7')),
      'goes beyond the end of its physical volume',
    ],
    ['half an extent', volume('root', striped(0, 1, '"pv0", 0.5')), 'has numbers that do not add up'],
    ['an odd list', volume('root', striped(0, 1, '"pv0"')), 'has numbers that do not add up'],
    ['no stripe size', volume('root', striped(0, 2, '"pv0", 0, "pv1", 0')), 'has numbers that do not add up'],
    [
      'uneven stripes',
      volume('root', striped(0, 3, '"pv0", 0, "pv1", 0', 'stripe_size = 24576')),
      'has numbers that do not add up',
    ],
    ['a hostile name', volume('"a/../b"', striped(0, 1, '"pv0", 0')), 'has a name that LVM does not allow'],
    [
      'what keeps the changes of a snapshot',
      // As lvcreate -s writes it: the one with a name is hidden.
      `${volume('cow', striped(0, 1, '"pv0", 0')).replace(', "VISIBLE"', '')} ${volume('snapshot0', 'start_extent = 0 extent_count = 1 type = "snapshot" origin = "root" cow_store = "cow"')}`,
      'is a snapshot',
    ],
  ])('%s', async (_, text, reason) => {
    const found = await mapsOf(twoPartitions(group(text)))
    expect(found).toMatchObject([{ pieces: null, reason }])
  })

  test('a physical volume that is not here, or here twice', async () => {
    const text = group(volume('root', striped(0, 1, '"pv1", 0')))
    const reason = 'lies partly on a physical volume (pv1) that this image does not hold'
    const alone = twoPartitions(text).slice(0, 4)
    expect(await mapsOf(alone)).toMatchObject([{ pieces: null, reason }])
    const twice = twoPartitions(text.replace(`id = "${own}"`, 'id = "x"').replace(other, own), { uuid: own })
    expect(await mapsOf(twice)).toMatchObject([{ pieces: null, reason }])
  })

  test('a hostile name of a group', async () => {
    const text = group(volume('root', striped(0, 1, '"pv0", 0'))).replace('vg-0', '-vg')
    expect(await mapsOf(twoPartitions(text))).toMatchObject([
      { reason: 'has a name that LVM does not allow' },
    ])
  })
})
