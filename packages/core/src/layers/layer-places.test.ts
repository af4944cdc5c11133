import { expect, test } from 'vitest'
import type { GuestContents } from '../guest/guest-contents.ts'
import { changedPlaces, layerPlaces } from './layer-places.ts'

const MiB = 1024 ** 2
const partition = {
  type: '0x83',
  typeName: 'Linux',
  name: null,
  uuid: null,
  bootable: false,
  role: 'primary',
} as const
const filesystem = {
  sure: 'consistent',
  uuid: null,
  size: null,
  used: null,
  free: null,
  blockSize: 4096,
  state: 'clean',
  notes: [],
  freeByRegion: [],
} as const

/** Two partitions; in the second LVM with a volume of two parts that holds a filesystem. */
const guest: GuestContents = {
  table: {
    kind: 'mbr',
    sure: 'consistent',
    sectorSize: 512,
    id: null,
    notes: [],
    partitions: [
      { ...partition, index: 1, start: MiB, length: 9 * MiB, name: 'boot' },
      { ...partition, index: 2, start: 10 * MiB, length: 50 * MiB },
    ],
  },
  volumes: [
    {
      start: 10 * MiB,
      length: 50 * MiB,
      type: 'lvm2',
      sure: 'consistent',
      label: null,
      uuid: null,
      group: 'vg',
      members: [
        {
          name: 'root',
          length: 20 * MiB,
          segments: [
            { start: 11 * MiB, length: 10 * MiB },
            { start: 40 * MiB, length: 10 * MiB },
          ],
        },
      ],
      notes: [],
    },
  ],
  filesystems: [
    { ...filesystem, start: MiB, length: 9 * MiB, type: 'ext2', label: null },
    { ...filesystem, start: 11 * MiB, length: 20 * MiB, type: 'xfs', label: 'root' },
  ],
  problems: [],
}
const places = layerPlaces(guest, 64 * MiB)

test('each place is where its bytes lie, also in parts', () => {
  expect(places.map(({ layer, what, runs }) => [layer, what, runs.length])).toEqual([
    ['L4', 'partition table and boot code', 1],
    ['L4', 'outside all partitions', 1],
    ['L4', 'partition 1 "boot" (Linux)', 1],
    ['L4', 'partition 2 (Linux)', 1],
    ['L5', 'LVM "vg"', 1],
    ['L5', 'LVM volume "vg/root"', 2],
    ['L6', 'ext2', 1],
    ['L6', 'XFS "root"', 2],
  ])
})

test('a range is told of every layer that has bytes of it, and of no other', () => {
  const changed = changedPlaces(places, [
    { start: 8 * MiB, end: 12 * MiB },
    { start: 45 * MiB, end: 46 * MiB },
  ])
  expect(changed.map(({ what, bytes }) => [what, bytes / MiB])).toEqual([
    ['partition 1 "boot" (Linux)', 2],
    ['partition 2 (Linux)', 3],
    ['LVM "vg"', 3],
    ['LVM volume "vg/root"', 2],
    ['ext2', 2],
    ['XFS "root"', 2],
  ])
  expect(changed.at(-1)?.ranges).toEqual([
    { start: 11 * MiB, end: 12 * MiB },
    { start: 45 * MiB, end: 46 * MiB },
  ])
  expect(changedPlaces(places, [])).toEqual([])
  expect(changedPlaces(places, [{ start: 60 * MiB, end: 64 * MiB }])).toMatchObject([
    { layer: 'L4', what: 'outside all partitions' },
  ])
})

test('a disk without a table has its filesystem only', () => {
  const plain = { ...guest, table: { ...guest.table, kind: 'none' as const, partitions: [] }, volumes: [] }
  expect(layerPlaces(plain, 64 * MiB).map(({ layer }) => layer)).toEqual(['L6', 'L6'])
  expect(layerPlaces(null, 64 * MiB)).toEqual([])
})
