import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DiskError } from '../problems/disk-error.ts'
import { gptPatches, mbrSector } from '../testing/gpt-builder.ts'
import { sparseDisk, type Patch } from '../testing/sparse-disk.ts'
import { readGuestContents } from './read-guest.ts'

const mib = 1024 * 1024
const tib = 1024 ** 4
const size = 64 * mib

const text = (at: number, value: string): Patch => ({ at, bytes: new TextEncoder().encode(value) })
const raw = (at: number, ...bytes: number[]): Patch => ({ at, bytes: Uint8Array.from(bytes) })

/** Little-endian numbers of 32 bits by their place. */
function words(at: number, length: number, values: Record<number, number>): Patch {
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  for (const [place, value] of Object.entries(values)) view.setUint32(Number(place), value, true)
  return { at, bytes }
}

/** A swap area that fills `length` bytes from `at`. */
const swap = (at: number, length: number): Patch[] => [
  words(at + 1024, 44, { 0: 1, 4: length / 4096 - 1 }),
  text(at + 4086, 'SWAPSPACE2'),
]

const guestOf = (patches: readonly Patch[], length = size) => readGuestContents(sparseDisk(length, patches))

describe('what is recognised by its signature', () => {
  test.each([
    ['refs', [text(3, 'ReFS\0\0\0\0'), text(16, 'FSRS')]],
    ['f2fs', [words(1024, 4, { 0: 0xf2f52010 })]],
    ['ufs', [words(65_536 + 1372, 4, { 0: 0x19540119 })]],
    ['ufs', [raw(8192 + 1372, 0x00, 0x01, 0x19, 0x54)]],
    ['udf', [text(32_769, 'BEA01'), text(34_817, 'NSR03'), text(36_865, 'TEA01')]],
    ['swap', swap(0, size)],
  ])('%s', async (type, patches) => {
    const { filesystems, table } = await guestOf(patches)
    expect(filesystems).toMatchObject([{ type, start: 0, length: size }])
    expect(table.kind).toBe('none')
  })

  test('ZFS with the name of its pool, as its label tells', async () => {
    const u32 = (value: number) => [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
    const xdr = (value: string) => {
      const padded = value.padEnd(Math.ceil(value.length / 4) * 4, '\0')
      return [...u32(value.length), ...new TextEncoder().encode(padded)]
    }
    const pair = (name: string, type: number, value: number[]) => {
      const rest = [...xdr(name), ...u32(type), ...u32(1), ...value]
      return [...u32(rest.length + 8), ...u32(rest.length + 8), ...rest]
    }
    const number = (name: string, value: number) => pair(name, 8, [...u32(0), ...u32(value)])
    const list = (...pairs: number[][]) => [...u32(0), ...u32(1), ...pairs.flat(), ...u32(0), ...u32(0)]
    const device = list(pair('type', 9, xdr('mirror')), number('asize', 30 * mib))
    const pool = [number('state', 1), number('txg', 7), number('pool_guid', 123_456)]
    const label = list(pair('name', 9, xdr('tank')), ...pool, pair('vdev_tree', 19, device))
    const { filesystems } = await guestOf([raw(16_384, 1, 1, 0, 0, ...label)])
    expect(filesystems).toMatchObject([
      {
        type: 'zfs',
        label: 'tank',
        uuid: '123456',
        size: null,
        state: 'clean',
        notes: ['its pool was exported', 'one device of a mirror'],
      },
    ])
    for (let cut = 0; cut < label.length; cut += 3) {
      const found = await guestOf([raw(16_384, 1, 1, 0, 0, ...label.slice(0, cut), 255, 255, 255, 255)])
      expect(found.filesystems.length).toBeLessThanOrEqual(1)
    }
  })

  test.each([
    [2, 65_536, { 48: 32_768, 52: 4096, 144: 1, 148: 2, 1016: 10, 1032: 3, 1080: 1000, 1372: 0x19540119 }],
    [1, 8192, { 36: 1000, 48: 32_768, 52: 4096, 144: 1, 148: 2, 196: 10, 204: 3, 1372: 0x00011954 }],
  ])('UFS%d: size and free space', async (version, at, fields) => {
    const { filesystems } = await guestOf([words(at, 1376, fields)])
    expect(filesystems).toMatchObject([
      {
        type: 'ufs',
        sure: 'consistent',
        uuid: '0000000100000002',
        size: 4_096_000,
        free: 10 * 32_768 + 3 * 4096,
        state: 'dirty',
        notes: [`UFS${version}`],
      },
    ])
    const { filesystems: broken } = await guestOf([words(at, 1376, { ...fields, 52: 7 })])
    expect(broken).toMatchObject([{ type: 'ufs', sure: 'damaged', size: null, free: null }])
  })

  test('ReFS with its version and size', async () => {
    const head = [text(3, 'ReFS\0\0\0\0'), text(16, 'FSRS'), words(24, 16, { 0: 100_000, 8: 512, 12: 128 })]
    const { filesystems } = await guestOf([...head, raw(40, 3, 4)])
    expect(filesystems).toMatchObject([
      { type: 'refs', size: 51_200_000, blockSize: 65_536, notes: ['version 3.4'] },
    ])
  })

  test.each([
    ['bitlocker', [text(3, '-FVE-FS-')]],
    [
      'bitlocker',
      [
        text(3, 'MSWIN4.1'),
        raw(
          424,
          0x3b,
          0xd6,
          0x67,
          0x49,
          0x29,
          0x2e,
          0xd8,
          0x4a,
          0x83,
          0x99,
          0xf6,
          0xa3,
          0x39,
          0xe3,
          0xd0,
          0x01,
        ),
      ],
    ],
    ['corestorage', [raw(8, 1, 0, 0x10, 0), text(88, 'CS')]],
  ])('volume %s', async (type, patches) => {
    const { volumes, filesystems } = await guestOf(patches)
    expect(volumes).toMatchObject([{ type, sure: 'signature' }])
    expect(filesystems).toEqual([])
  })

  test('Windows volumes that only the type of their partition tells', async () => {
    const dynamic = mbrSector([{ type: 0x42, firstSector: 2048, sectors: 20_000 }])
    expect((await guestOf([{ at: 0, bytes: dynamic }])).volumes).toMatchObject([{ type: 'ldm', start: mib }])
    const spaces = 'E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D'
    const patches = gptPatches([{ type: spaces, firstSector: 2048, lastSector: 9999 }], { size })
    expect((await guestOf(patches)).volumes).toMatchObject([{ type: 'storage-spaces', start: mib }])
  })
})

describe('Linux RAID', () => {
  const magic = 0xa92b4efc
  const version1 = (at: number, level: number, data: { start: number; length: number }) =>
    words(at, 256, {
      0: magic,
      4: 1,
      72: level,
      92: 2,
      128: data.start / 512,
      136: data.length / 512,
      144: at / 512,
    })

  test.each([
    ['1.2', 4096, { start: mib, length: 8 * mib }],
    ['1.1', 0, { start: mib, length: 8 * mib }],
    ['1.0', size - 8192, { start: 0, length: 8 * mib }],
  ])('%s: a mirror is looked into', async (_, at, data) => {
    const { volumes, filesystems, problems } = await guestOf([
      version1(at, 1, data),
      ...swap(data.start, data.length),
    ])
    expect(volumes).toMatchObject([
      {
        type: 'mdraid',
        notes: [expect.stringMatching(/^RAID 1 over 2 disks, data from /u)],
        members: [{ length: 8 * mib }],
      },
    ])
    expect(filesystems).toMatchObject([
      { type: 'swap', start: data.start, length: data.length, size: data.length },
    ])
    expect(problems).toEqual([])
  })

  test('0.90 near the end', async () => {
    const at = size - 65_536
    const { volumes } = await guestOf([
      words(at, 64, { 0: magic, 4: 0, 8: 90, 28: 1, 40: 2 }),
      ...swap(0, 8 * mib),
    ])
    expect(volumes).toMatchObject([{ type: 'mdraid', members: [{ length: at }] }])
  })

  test('a stripe is not looked into, and needs its other disks', async () => {
    const { volumes, filesystems, problems } = await guestOf([
      version1(4096, 5, { start: mib, length: 8 * mib }),
      ...swap(mib, 8 * mib),
    ])
    expect(volumes).toMatchObject([
      { type: 'mdraid', members: [], notes: ['RAID 5 over 2 disks, data from 1.00 MiB'] },
    ])
    expect(filesystems).toEqual([])
    expect(problems.map(({ id }) => id)).toEqual(['volume-spans-disks'])
  })
})

describe('how it walks', () => {
  test('a disc with a partition table for sticks: both are seen', async () => {
    const table = mbrSector([{ type: 0x83, firstSector: 40_000, sectors: 20_000 }])
    const disc = [raw(32_768, 1), text(32_769, 'CD001'), text(32_808, 'INSTALL')]
    const { filesystems, table: found } = await guestOf([{ at: 0, bytes: table }, ...disc])
    expect(found.kind).toBe('mbr')
    expect(filesystems).toMatchObject([{ type: 'iso9660', label: 'INSTALL', start: 0 }])
  })

  test('only the backup GPT is left on an otherwise blank disk', async () => {
    const linux = '0FC63DAF-8483-4772-8E79-3D69D8477DE4'
    const [, , , table, header] = gptPatches([{ type: linux, firstSector: 2048, lastSector: 9999 }], { size })
    const found = await guestOf([table, header, ...swap(mib, 4096 * 1000)])
    expect(found.table).toMatchObject({ kind: 'gpt', notes: ['the backup was used'] })
    expect(found.filesystems).toMatchObject([{ type: 'swap', start: mib }])
  })

  test('a filesystem over a stale backup GPT: the filesystem counts', async () => {
    const [, , , table, header] = gptPatches([], { size })
    const found = await guestOf([table, header, ...swap(0, 32 * mib)])
    expect(found.table.kind).toBe('none')
    expect(found.filesystems).toHaveLength(1)
  })

  test('partitions beyond the disk are problems, not errors', async () => {
    const table = mbrSector([
      { type: 0x83, firstSector: 2048, sectors: 2048 },
      { type: 0x83, firstSector: 0x7fff_ffff, sectors: 0x7fff_ffff },
    ])
    const { problems, table: found } = await guestOf([{ at: 0, bytes: table }])
    expect(found.partitions).toHaveLength(2)
    expect(problems.map(({ id }) => id)).toEqual(['partition-outside-disk'])
  })

  test('an empty disk and a disk of no bytes', async () => {
    for (const length of [0, 1, 511, 512, size]) {
      expect(await guestOf([], length)).toMatchObject({ volumes: [], filesystems: [], problems: [] })
    }
  })

  test('a blank disk of 1 TiB costs few reads', async () => {
    const disk = sparseDisk(tib, [])
    await readGuestContents(disk)
    expect(disk.reads.calls).toBeLessThan(10)
    expect(disk.reads.bytes).toBeLessThan(100_000)
  })
})

describe('a disk that cannot be read', () => {
  const failing = (from: number) => {
    const disk = sparseDisk(size, [
      { at: 0, bytes: mbrSector([{ type: 0x83, firstSector: 2048, sectors: 9000 }]) },
    ])
    return {
      ...disk,
      readInto: async (target: Uint8Array, at: number) => {
        if (at + target.length <= from) return disk.readInto(target, at)
        throw new DiskError('corrupt', { file: 'disk.img', structure: 'cluster table', reason: 'bad' })
      },
    }
  }

  test('everywhere: one problem per layer, nothing thrown', async () => {
    const { table, problems } = await readGuestContents(failing(0))
    expect(table.kind).toBe('none')
    expect(problems.map(({ id, layer }) => [id, layer])).toEqual([
      ['guest-not-readable', 'L4'],
      ['guest-not-readable', 'L6'],
    ])
    expect(problems[0]).toMatchObject({ remedy: expect.stringContaining('Copy the file again') })
  })

  test('in a partition: the table is there, and the problem', async () => {
    const { table, problems } = await readGuestContents(failing(mib))
    expect(table.partitions).toHaveLength(1)
    expect(problems.map(({ id, layer }) => [id, layer])).toEqual([['guest-not-readable', 'L6']])
  })

  test('behind the superblock: the filesystem is named, what it holds is not', async () => {
    const head = words(0, 512, { 0: 0x42534658 })
    const fields = new DataView(head.bytes.buffer)
    for (const [at, value] of [
      [4, 4096],
      [12, 4096],
      [84, 1024],
      [88, 4],
    ] as const)
      fields.setUint32(at, value)
    fields.setUint16(102, 512)
    const group = words(512, 64, { 0: 0x46474158 })
    new DataView(group.bytes.buffer).setUint32(12, 1024)
    const disk = sparseDisk(16 * mib, [head, group])
    const { filesystems, problems } = await readGuestContents({
      ...disk,
      readInto: async (target, at) => {
        if (at < mib) return disk.readInto(target, at)
        throw new DiskError('input-output', { file: 'disk.img', reason: 'medium error' })
      },
    })
    expect(filesystems).toMatchObject([{ type: 'xfs', sure: 'signature', free: null }])
    expect(problems.map(({ id }) => id)).toEqual(['guest-not-readable'])
  })

  test('faults of the program are not hidden', async () => {
    const disk = sparseDisk(size, [])
    const broken = { ...disk, readInto: () => Promise.reject(new TypeError('a bug')) }
    await expect(readGuestContents(broken)).rejects.toThrow('a bug')
  })

  test('stops when asked to', async () => {
    await expect(readGuestContents(sparseDisk(size, []), { signal: AbortSignal.abort() })).rejects.toThrow(
      'abort',
    )
  })
})

const signatures: readonly Patch[] = [
  raw(1080, 0x53, 0xef),
  text(0, 'XFSB'),
  text(65_600, '_BHRfS_M'),
  text(3, 'NTFS    '),
  text(3, 'EXFAT   '),
  text(3, 'ReFS\0\0\0\0'),
  raw(510, 0x55, 0xaa),
  text(4086, 'SWAPSPACE2'),
  text(32_769, 'CD001'),
  text(1024, 'H+\0\u0004'),
  text(32, 'NXSB'),
  text(512, 'LABELONE'),
  text(536, 'LVM2 001'),
  raw(0, 0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe, 0, 2),
  words(4096, 8, { 0: 0xa92b4efc, 4: 1 }),
  raw(1024, 0x10, 0x20, 0xf5, 0xf2),
  text(16_384, '\u0001\u0001\0\0'),
]

test('random bytes behind a right signature never throw, and no count is impossible', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...signatures),
      fc.uint8Array({ minLength: 64, maxLength: 4096 }),
      fc.integer({ min: 512, max: 4 * mib }),
      fc.boolean(),
      async (signature, noise, length, isSparse) => {
        const everywhere = isSparse
          ? [{ at: signature.at + signature.bytes.length, bytes: noise }]
          : [0, 512, 1024, 4096, 32_768, 65_536].map((at) => ({ at, bytes: noise }))
        const guest = await guestOf([...everywhere, signature], length)
        for (const { used, free, size: own, freeByRegion } of guest.filesystems) {
          for (const count of [used, free, own]) {
            expect(count === null || (Number.isSafeInteger(count) && count >= 0)).toBe(true)
          }
          expect(freeByRegion.length).toBeLessThanOrEqual(256)
        }
        expect(guest.problems.every(({ message, remedy }) => message !== '' && remedy !== '')).toBe(true)
      },
    ),
    { numRuns: 1500 },
  )
}, 60_000)
