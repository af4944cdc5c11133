import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { freeSpaceTable } from '../filesystems/free-space-table.ts'
import { GuestDisk } from '../guest/guest-region.ts'
import { isDiskError } from '../problems/disk-error.ts'
import { eachRun } from '../ranges/run-list.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { sparseDisk, type Patch } from '../testing/sparse-disk.ts'
import { readFreeSpace } from './free-space.ts'

const kib = 1024
const mib = 1024 * kib
const encode = (text: string) => new TextEncoder().encode(text)

/** An HFS+ volume of 100 blocks of 4 KiB; its allocation file is block 5. */
function hfsPlus(used: readonly number[], told: { free?: number; attributes?: number } = {}): Patch[] {
  const blocks = 100
  const header = new Uint8Array(512)
  const view = new DataView(header.buffer)
  header.set(encode('H+'))
  view.setUint16(2, 4)
  view.setUint32(4, told.attributes ?? 0x100)
  view.setUint32(40, 4 * kib)
  view.setUint32(44, blocks)
  view.setUint32(48, told.free ?? blocks - used.length)
  view.setBigUint64(112, 4096n)
  view.setUint32(128, 5)
  view.setUint32(132, 1)
  const bitmap = new Uint8Array(4 * kib)
  for (const block of used) bitmap[block >> 3] = (bitmap[block >> 3] ?? 0) | (0x80 >> (block & 7))
  return [
    { at: kib, bytes: header },
    { at: 20 * kib, bytes: bitmap },
  ]
}

const used = [0, 1, 2, 3, 4, 5, 6, 40, 41, 97, 98, 99]
const at = (patches: readonly Patch[], start: number) =>
  patches.map((one) => ({ ...one, at: one.at + start }))
const spaceOf = async (patches: readonly Patch[]) => readFreeSpace(sparseDisk(8 * mib, patches))

function partitions(...types: readonly (readonly [type: number, start: number, sectors: number])[]): Patch {
  const bytes = new Uint8Array(512)
  const view = new DataView(bytes.buffer)
  for (const [index, [type, start, sectors]] of types.entries()) {
    bytes[446 + index * 16 + 4] = type
    view.setUint32(446 + index * 16 + 8, start, true)
    view.setUint32(446 + index * 16 + 12, sectors, true)
  }
  view.setUint16(510, 0xaa55, true)
  return { at: 0, bytes }
}

describe('HFS+', () => {
  test('the allocation file is read from its highest bits', async () => {
    const { filesystems, free } = await spaceOf(hfsPlus(used))
    expect(filesystems).toMatchObject([{ filesystem: { type: 'hfs+' }, doubt: null }])
    const runs = [...eachRun(free)].map(({ start, end }) => [start / 4 / kib, end / 4 / kib])
    expect(runs).toEqual([
      [7, 40],
      [42, 97],
    ])
  })

  test.each([
    ['a count that is not that of its bitmap', { free: 3 }, 'bitmap'],
    ['not unmounted', { attributes: 0 }, 'dirty'],
  ])('%s is not believed', async (_, told, kind) => {
    const { filesystems, free } = await spaceOf(hfsPlus(used, told))
    expect(filesystems).toMatchObject([{ free: null, doubt: { kind } }])
    expect(free).toHaveLength(0)
  })
})

test('a partition that begins inside of a filesystem takes its belief away', async () => {
  const sound = at(hfsPlus(used), mib)
  const own = [0xaf, 2048, 2048] as const
  expect(await spaceOf([partitions(own), ...sound])).toMatchObject({ filesystems: [{ doubt: null }] })
  expect(await spaceOf([partitions(own, [0x83, 3000, 3000]), ...sound])).toMatchObject({
    filesystems: [{ free: null, doubt: { kind: 'overlap' } }],
  })
})

test('a swap space that holds a session takes the belief from all of its guest', async () => {
  const suspended = { at: 4 * mib + 4086, bytes: encode('S1SUSPEND\0') }
  const table = partitions([0xaf, 2048, 2048], [0x82, 8192, 2048])
  const { filesystems, free } = await spaceOf([table, ...at(hfsPlus(used), mib), suspended])
  expect(filesystems.map(({ filesystem, doubt }) => [filesystem.type, doubt?.kind])).toEqual([
    ['hfs+', 'hibernated'],
    ['swap', 'unread'],
  ])
  expect(free).toHaveLength(0)
})

test('nothing that a disk holds is thrown but as a coded error or a range', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 2 ** 31 }),
      fc.constantFrom(...Object.keys(freeSpaceTable)),
      async (seed, type) => {
        const random = seededRandom(seed)
        const bytes = Uint8Array.from({ length: 96 * kib }, () => random(256))
        const region = new GuestDisk(sparseDisk(mib, [{ at: 0, bytes }])).whole()
        try {
          await freeSpaceTable[type]?.(region, () => {})
        } catch (error) {
          expect(isDiskError(error) || error instanceof RangeError).toBe(true)
        }
      },
    ),
    { numRuns: 40 },
  )
})
