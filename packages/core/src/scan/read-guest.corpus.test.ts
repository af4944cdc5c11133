import { readFileSync } from 'node:fs'
import { corpusEntries, unpackCorpus } from '@varve/test-kit/corpus'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../testing/seeded-random.ts'
import { sparseDisk } from '../testing/sparse-disk.ts'
import { describeContents } from './describe-contents.ts'
import { describeGuestLayers } from '../layers/describe-guest-layers.ts'
import { readGuestContents } from './read-guest.ts'

const entries = corpusEntries()?.filter(({ file }) => /\.raw\.zst$|^apm\.dmg\.zst$/u.test(file))

describe.skipIf(!entries)('disks that nobody here made', () => {
  let place: TempPlace
  beforeAll(async () => {
    place = await tempPlace()
    unpackCorpus(entries ?? [], place.path)
  })
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
  })

  const bytesOf = (name: string) => new Uint8Array(readFileSync(place.file(name)))
  const guestOf = async (name: string) => {
    const bytes = bytesOf(name)
    const disk = sparseDisk(bytes.length, [{ at: 0, bytes }], name)
    return { guest: await readGuestContents(disk), reads: disk.reads }
  }

  test.each([
    ['ext4.raw', 'ext4', { type: 'ext4', label: 'ext4_test', size: 4_194_304 }],
    ['xfs.raw', 'XFS', { type: 'xfs', label: 'xfs_test', size: 16_777_216 }],
    ['ntfs.raw', 'NTFS', { type: 'ntfs', label: 'ntfs_test', size: 4_190_208 }],
    ['fat12.raw', 'FAT12', { type: 'fat12', label: 'FAT12_TEST', size: 4_194_304 }],
    ['hfsplus.raw', 'HFS+', { type: 'hfs+', label: 'hfsplus_test', size: 4_153_344 }],
    ['apfs.raw', 'APFS', { type: 'apfs', label: 'apfs_test', size: 4_153_344 }],
    ['iso9660.raw', 'ISO 9660', { type: 'iso9660', label: 'CDROM', size: 366_592 }],
    ['apm.dmg', 'APM · HFS+', { type: 'hfs+', label: 'hfsplus_test', start: 32_768, size: 4_153_344 }],
    ['lvm.raw', 'LVM, ext2', { type: 'ext2', label: 'ext2_test', start: 1_048_576, size: 4_194_304 }],
  ])('%s is %s', async (name, contents, filesystem) => {
    const { guest, reads } = await guestOf(name)
    expect(describeContents(guest)).toBe(contents)
    expect(guest.problems).toEqual([])
    expect(guest.filesystems).toMatchObject([{ ...filesystem, sure: 'consistent' }])
    const [{ size, used, free } = { size: null, used: null, free: null }] = guest.filesystems
    expect((used ?? 0) + (free ?? 0)).toBe(size)
    expect(used).toBeGreaterThan(0)
    expect(reads.calls).toBeLessThan(10)
    expect(reads.bytes).toBeLessThan(512 * 1024)
  })

  test('the group and volumes of lvm.raw', async () => {
    const { guest } = await guestOf('lvm.raw')
    expect(guest.volumes).toMatchObject([
      {
        type: 'lvm2',
        group: 'test_volume_group',
        uuid: 'V9N6H5-MXlo-JmEE-TLHs-KyAo-kLv5-JL0RY7',
        members: [
          {
            name: 'test_logical_volume1',
            length: 4_194_304,
            segments: [{ start: 1_048_576, length: 4_194_304 }],
          },
          {
            name: 'test_logical_volume2',
            length: 4_194_304,
            segments: [{ start: 5_242_880, length: 4_194_304 }],
          },
        ],
      },
    ])
  })

  test('luks1.raw is closed', async () => {
    const { guest } = await guestOf('luks1.raw')
    expect(guest.volumes).toMatchObject([{ type: 'luks1', uuid: 'd806b968-2f02-4138-ae61-54586be6f8ec' }])
    expect(guest.filesystems).toEqual([])
    expect(guest.problems.map(({ id }) => id)).toEqual(['volume-encrypted'])
  })

  test('the partitions of gpt.raw and mbr.raw', async () => {
    const gpt = (await guestOf('gpt.raw')).guest
    expect(gpt.table).toMatchObject({ kind: 'gpt', notes: ['both copies agree'] })
    expect(gpt.table.partitions.map(({ start, length }) => [start, length])).toEqual([
      [1_048_576, 65_536],
      [2_097_152, 65_536],
    ])
    const mbr = (await guestOf('mbr.raw')).guest
    expect(mbr.table.partitions.map(({ index, role }) => [index, role])).toEqual([
      [1, 'primary'],
      [2, 'extended'],
      [5, 'logical'],
    ])
    for (const { filesystems } of [gpt, mbr]) {
      expect(filesystems.map(({ label }) => label)).toEqual(['ext3_test', 'ext4_test'])
    }
  })

  test.each(entries?.map(({ file }) => file.replace('.zst', '')) ?? [])(
    '%s with flipped bits or cut short never throws and stays within its disk',
    async (name) => {
      const whole = bytesOf(name)
      const random = seededRandom(name.length * 7919)
      for (let round = 0; round < 120; round += 1) {
        const cut = round % 3 === 0 ? random(whole.length) + 1 : whole.length
        const bytes = whole.slice(0, cut)
        const reach = [4096, 70_000, cut][round % 3] ?? cut
        for (let flip = 0; flip < 1 + random(40); flip += 1) bytes[random(Math.min(reach, cut))] = random(256)
        const disk = sparseDisk(cut, [{ at: 0, bytes }], name)
        const guest = await readGuestContents(disk)
        for (const { used, free, size, freeByRegion } of guest.filesystems) {
          for (const count of [used, free, size]) {
            expect(count === null || (Number.isSafeInteger(count) && count >= 0)).toBe(true)
          }
          for (const { start, length, free: inRegion } of freeByRegion) {
            expect(start + length).toBeLessThanOrEqual(cut)
            expect(inRegion).toBeLessThanOrEqual(length)
          }
        }
        const layers = describeGuestLayers(guest, { virtualSize: cut, reclaimable: null })
        for (const { start, length } of layers.flatMap(({ bands }) => bands)) {
          expect(start).toBeGreaterThanOrEqual(0)
          expect(length).toBeGreaterThan(0)
        }
      }
    },
  )
})
