import { expect, test } from 'vitest'
import { sizesAround, sizesFor, smallestSize } from './sizes.ts'

const mib = 1024 ** 2
const place = { start: mib, length: 100 * mib, behind: 33 * 512 }

test('the slack above the smallest size: a sixteenth and 16 MiB at least; of Btrfs an eighth and 256 MiB at least', () => {
  expect(smallestSize(10 * mib, 'ext4')).toBe(26 * mib)
  expect(smallestSize(1600 * mib, 'ntfs')).toBe(1700 * mib)
  expect(smallestSize(100 * mib + 1, 'btrfs')).toBe(357 * mib)
  expect(smallestSize(8000 * mib, 'btrfs')).toBe(9000 * mib)
})

test('the sizes for a disk: whole MiB of a filesystem, with room for the second copy of a GPT behind', () => {
  expect(sizesFor(60 * mib, place)).toEqual({
    filesystem: 58 * mib,
    physical: null,
    end: 59 * mib,
    disk: 60 * mib,
  })
  expect(sizesFor(60 * mib, { ...place, behind: 0 })).toMatchObject({ filesystem: 59 * mib, end: 60 * mib })
  expect(sizesFor(mib, place)).toMatchObject({ filesystem: 0 })
  // It never becomes larger than its place.
  expect(sizesFor(400 * mib, place)).toMatchObject({ filesystem: 100 * mib })
})

test('the sizes around a filesystem: the smallest disk in whole MiB', () => {
  expect(sizesAround(20 * mib, place)).toEqual({
    filesystem: 20 * mib,
    physical: null,
    end: 21 * mib,
    disk: 22 * mib,
  })
  expect(sizesAround(20 * mib, { ...place, behind: 0 })).toMatchObject({ disk: 21 * mib })
  expect(sizesAround(200 * mib, place)).toMatchObject({ filesystem: 100 * mib })
})

const group = { extentSize: 4 * mib, dataStart: mib, volume: 20, others: 3 }
const locked = { ...place, header: 16 * mib }

test('the sizes in LVM: whole extents, and the other volumes keep theirs', () => {
  // 58 MiB, of which one is not of extents: 14 extents.
  expect(sizesFor(60 * mib, place, group)).toEqual({
    filesystem: 44 * mib,
    physical: 58 * mib,
    end: 59 * mib,
    disk: 60 * mib,
  })
  expect(sizesFor(10 * mib, place, group)).toMatchObject({ filesystem: 0 })
  // What is free in the group goes first.
  expect(sizesFor(99 * mib, place, { ...group, volume: 5 })).toMatchObject({ filesystem: 20 * mib })
  expect(sizesAround(21 * mib, place, group)).toEqual({
    filesystem: 24 * mib,
    physical: 37 * mib,
    end: 38 * mib,
    disk: 39 * mib,
  })
  expect(sizesAround(400 * mib, place, group)).toMatchObject({ filesystem: 80 * mib, end: 94 * mib })
})

test('the sizes in LUKS: its header lies before', () => {
  expect(sizesFor(60 * mib, locked)).toMatchObject({ filesystem: 42 * mib, end: 59 * mib })
  expect(sizesAround(20 * mib, locked)).toMatchObject({ filesystem: 20 * mib, end: 37 * mib })
  expect(sizesFor(60 * mib, { ...locked, header: 528_384 })).toMatchObject({ filesystem: 58 * mib - 528_384 })
  expect(sizesAround(21 * mib, locked, group)).toMatchObject({ physical: 37 * mib, end: 54 * mib })
})
