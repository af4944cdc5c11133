import { describe, expect, test } from 'vitest'
import { sparseDisk, type Patch } from '../testing/sparse-disk.ts'
import { findBlockLoaders } from './block-loaders.ts'

const mib = 1024 ** 2
const place = { start: 4 * mib, length: 8 * mib, hasBootSector: true }

const text = (at: number, words: string): Patch => ({ at, bytes: new TextEncoder().encode(words) })
const u16 = (at: number, value: number): Patch => ({ at, bytes: Uint8Array.of(value & 0xff, value >> 8) })
const sector = (at: number, bytes: number): Patch => {
  const number = new Uint8Array(8)
  new DataView(number.buffer).setBigUint64(0, BigInt(bytes / 512), true)
  return { at, bytes: number }
}

/** GRUB's first sector at `at`, which loads its next one from byte `next`. */
const grubAt = (at: number, next: number) => [
  text(at + 0x180, 'GRUB \0Geom\0Hard Disk\0Read\0 Error'),
  u16(at + 0x5a, 0x8000),
  sector(at + 0x5c, next),
]
/** The first sector of GRUB's core image, with lists of where the others lie. */
const coreAt = (at: number, ...lists: readonly number[]) =>
  lists.flatMap((list, index) => [
    sector(at + 0x1f4 - index * 12, list),
    u16(at + 0x1f4 - index * 12 + 8, 20),
  ])

const find = async (patches: readonly Patch[], where = place) => {
  const found = await findBlockLoaders(sparseDisk(16 * mib, patches.flat()), where)
  return found.map(({ name, at }) => `${name} ${at}`)
}

describe('a loader that knows blocks of the filesystem', () => {
  test.each<[string, readonly Patch[], readonly string[]]>([
    ['none', [], []],
    ['GRUB in the gap', [...grubAt(0, 512), ...coreAt(512, 1024)], []],
    ['GRUB, whose core image lies in the filesystem', grubAt(0, 5 * mib), ['GRUB disk']],
    [
      'GRUB, whose core image goes on in it',
      [...grubAt(0, 512), ...coreAt(512, 1024, 6 * mib)],
      ['GRUB disk'],
    ],
    [
      'GRUB, whose core image lies in another partition',
      [...grubAt(0, 13 * mib), ...coreAt(13 * mib, 14 * mib)],
      [],
    ],
    ['GRUB in the boot sector of its partition', grubAt(4 * mib, 5 * mib), ['GRUB partition']],
    ['EXTLINUX', [text(4 * mib + 3, 'EXTLINUX')], ['EXTLINUX partition']],
    ['SYSLINUX before the first partition', [text(3, 'SYSLINUX')], []],
    ['LILO before the first partition', [text(6, 'LILO')], ['LILO disk']],
    ['LILO in the partition', [text(4 * mib + 6, 'LILO')], ['LILO partition']],
    ['code of others', [text(4 * mib, 'code')], ['boot sector partition']],
    ['code of others before the first partition', [text(0, 'code')], []],
    ['a sector beyond the end', grubAt(0, 2 ** 52), []],
    [
      'GRUB Legacy',
      [text(0x180, 'GRUB \0Geom'), u16(0x42, 0x8000), sector(0x44, 6 * mib)],
      ['GRUB Legacy disk'],
    ],
    ['GRUB Legacy in the gap', [text(0x180, 'GRUB \0Geom'), u16(0x42, 0x2000), sector(0x44, 512)], []],
  ])('%s', async (_, patches, loaders) => {
    expect(await find(patches)).toEqual(loaders)
  })

  test('a list without an end is read to the beginning of its sector', async () => {
    const full = Array.from({ length: 41 }, () => 1024)
    expect(await find([...grubAt(0, 512), ...coreAt(512, ...full)])).toEqual([])
  })

  test('what begins with its own superblock has no boot sector', async () => {
    expect(await find([text(4 * mib, 'XFSB')], { ...place, hasBootSector: false })).toEqual([])
  })

  test('on a disk without a table', async () => {
    const whole = { start: 0, length: 16 * mib, hasBootSector: true }
    expect(await find(grubAt(0, 5 * mib), whole)).toEqual(['GRUB partition'])
  })
})
