import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeContents } from '../scan/describe-contents.ts'
import type { Partition } from '../guest/guest-contents.ts'
import { GuestDisk } from '../guest/guest-region.ts'
import { partitionNumber } from '../guest/partition-names.ts'
import { readGuestContents } from '../scan/read-guest.ts'
import { gptPatches, mbrSector } from '../testing/gpt-builder.ts'
import { sparseDisk, type Patch } from '../testing/sparse-disk.ts'
import { readPartitionTable } from './partition-table.ts'
import { bsdLabel, disklabel64, solarisVtoc, sunLabel, unixwareVtoc } from './testing/build-labels.ts'

const mib = 1024 * 1024
const size = 64 * mib
const slice = 2048

async function scan(...patches: Patch[]) {
  const found = await readPartitionTable(new GuestDisk(sparseDisk(size, patches)).whole())
  return {
    kind: found?.table.kind ?? null,
    inner: found?.table.inner?.map(({ kind, within }) => ({ kind, within })) ?? [],
    ids: found?.problems.map(({ id }) => id) ?? [],
    partitions: found?.table.partitions.map(inSectors) ?? [],
    notes: found?.table.notes ?? [],
  }
}

function inSectors(partition: Partition): string {
  const { start, length, role } = partition
  return `${partitionNumber(partition)} ${start / 512}+${length / 512}${role === 'whole' ? ' whole' : ''}`
}

function mbr(...entries: { type: number; firstSector: number; sectors: number }[]): Patch {
  return { at: 0, bytes: mbrSector(entries) }
}

describe.each([
  ['little-endian at sector 1', false, 512],
  ['big-endian at byte 64', true, 64],
  ['big-endian at byte 128', true, 128],
  ['little-endian at byte 64', false, 64],
])('BSD disklabel of the whole disk, %s', (_, isBigEndian, at) => {
  const label = bsdLabel(
    [
      { index: 0, first: 16, size: 8192, type: 7 },
      { index: 1, first: 8208, size: 1000, type: 1 },
      { index: 2, first: 0, size: 131_072, type: 0 },
    ],
    { isBigEndian },
  )

  test('its entries are partitions', async () => {
    expect(await scan({ at, bytes: label })).toMatchObject({
      kind: 'bsd',
      ids: [],
      partitions: ['a 16+8192', 'b 8208+1000', 'c 0+131072 whole'],
    })
  })

  test('a wrong checksum is said, and its entries are listed all the same, as fdisk does', async () => {
    const bytes = label.slice()
    bytes[60] = 0x55
    expect(await scan({ at, bytes })).toMatchObject({
      kind: 'bsd',
      ids: ['disklabel-damaged'],
      partitions: ['a 16+8192', 'b 8208+1000', 'c 0+131072 whole'],
    })
  })
})

describe('BSD disklabel inside a partition', () => {
  const at = (slice + 1) * 512

  test('FreeBSD counts from the slice when c does', async () => {
    const label = bsdLabel([
      { index: 0, first: 16, size: 8000, type: 7 },
      { index: 2, first: 0, size: 20_480, type: 0 },
    ])
    const found = await scan(mbr({ type: 0xa5, firstSector: slice, sectors: 20_480 }), { at, bytes: label })
    expect(found).toMatchObject({
      kind: 'mbr',
      inner: [{ kind: 'bsd', within: 1 }],
      ids: [],
      partitions: ['1 2048+20480', '1a 2064+8000', '1c 2048+20480 whole'],
    })
  })

  test('FreeBSD counts from the disk when c does', async () => {
    const label = bsdLabel([
      { index: 0, first: slice + 16, size: 8000, type: 7 },
      { index: 2, first: slice, size: 20_480, type: 0 },
    ])
    const found = await scan(mbr({ type: 0xa5, firstSector: slice, sectors: 20_480 }), { at, bytes: label })
    expect(found.partitions[1]).toBe('1a 2064+8000')
  })

  test('OpenBSD counts from the disk though c begins at 0, and lists its neighbours once', async () => {
    const label = bsdLabel(
      [
        { index: 0, first: slice + 64, size: 8000, type: 7 },
        { index: 2, first: 0, size: 131_072, type: 0 },
        { index: 8, first: 40_960, size: 4096, type: 8 },
        { index: 9, first: 60_000, size: 100, type: 17 },
      ],
      { isVersion1: true },
    )
    const found = await scan(
      mbr(
        { type: 0xa6, firstSector: slice, sectors: 20_480 },
        { type: 0x0c, firstSector: 40_960, sectors: 4096 },
      ),
      { at, bytes: label },
    )
    expect(found).toMatchObject({
      ids: [],
      notes: [],
      partitions: ['1 2048+20480', '2 40960+4096', '1a 2112+8000', '1c 0+131072 whole', '1j 60000+100'],
    })
  })

  test('OpenBSD in a GPT', async () => {
    const label = bsdLabel([{ index: 0, first: slice + 64, size: 8000, type: 7 }], { isVersion1: true })
    const type = '824CC7A0-36A8-11E3-890A-952519AD3F61'
    const table = gptPatches([{ type, firstSector: slice, lastSector: slice + 20_479 }], { size })
    const found = await scan(...table, { at, bytes: label })
    expect(found).toMatchObject({ kind: 'gpt', ids: [], partitions: ['1 2048+20480', '1a 2112+8000'] })
  })

  test('upper halves of numbers count in version 1 only', async () => {
    const big = 2 ** 32 + 10
    const label = bsdLabel([{ index: 0, first: 16, size: big, type: 7 }], { isVersion1: true })
    const found = await scan({ at: 512, bytes: label })
    expect(found).toMatchObject({ ids: ['partition-outside-disk'], partitions: [`a 16+${big}`] })
  })

  test('a dedicated disk of FreeBSD: an MBR entry that begins at 0', async () => {
    const label = bsdLabel([{ index: 0, first: 16, size: 8000, type: 7 }])
    const found = await scan(
      { at: 0, bytes: mbrSector([{ type: 0xa5, firstSector: 0, sectors: 50_000 }]) },
      { at: 512, bytes: label },
    )
    expect(found).toMatchObject({ kind: 'mbr', partitions: ['1 0+50000 whole', '1a 16+8000'] })
  })

  test('in a logical partition', async () => {
    const label = bsdLabel([{ index: 0, first: 4096, size: 100, type: 7 }])
    const found = await scan(
      mbr({ type: 0x05, firstSector: slice, sectors: 40_960 }),
      { at: slice * 512, bytes: mbrSector([{ type: 0xa9, firstSector: 2, sectors: 20_000 }]) },
      { at: (slice + 3) * 512, bytes: label },
    )
    expect(found.partitions).toEqual(['1 2048+40960', '5 2050+20000', '5a 4096+100'])
  })

  test('entries that overlap, and that leave the disk', async () => {
    const label = bsdLabel([
      { index: 0, first: slice, size: 8000, type: 7 },
      { index: 1, first: slice + 100, size: 8000, type: 7 },
      { index: 3, first: 100_000, size: 80_000, type: 7 },
    ])
    const found = await scan(mbr({ type: 0xa9, firstSector: slice, sectors: 20_480 }), { at, bytes: label })
    expect(found.ids).toEqual(['partitions-overlap'])
    expect(found.notes).toHaveLength(1)
  })
})

describe('other labels', () => {
  test('DragonFly: bytes from the start of the slice', async () => {
    const label = disklabel64([
      { index: 0, first: mib, size: 4 * mib, type: 7 },
      { index: 3, first: 5 * mib, size: mib, type: 1 },
    ])
    const found = await scan(mbr({ type: 0x6c, firstSector: slice, sectors: 20_480 }), {
      at: slice * 512,
      bytes: label,
    })
    expect(found).toMatchObject({
      inner: [{ kind: 'disklabel64', within: 1 }],
      partitions: ['1 2048+20480', '1a 4096+8192', '1d 12288+2048'],
      ids: [],
    })
    const whole = await scan({ at: 0, bytes: label })
    expect(whole).toMatchObject({ kind: 'disklabel64', partitions: ['a 2048+8192', 'd 10240+2048'] })
    const bad = label.slice()
    bad[600] = 1
    expect(await scan({ at: 0, bytes: bad })).toMatchObject({
      ids: ['disklabel-damaged'],
      partitions: ['a 2048+8192', 'd 10240+2048'],
    })
  })

  test('Solaris on x86', async () => {
    const label = solarisVtoc([
      { index: 0, first: 1000, size: 4000, type: 2 },
      { index: 2, first: 0, size: 20_480, type: 5 },
      { index: 8, first: 0, size: 100, type: 1 },
    ])
    const found = await scan(mbr({ type: 0xbf, firstSector: slice, sectors: 20_480 }), {
      at: slice * 512,
      bytes: label,
    })
    expect(found).toMatchObject({
      inner: [{ kind: 'solaris', within: 1 }],
      partitions: ['1 2048+20480', '1s0 3048+4000', '1s2 2048+20480 whole', '1s8 2048+100'],
      ids: [],
    })
  })

  test('UnixWare and Minix', async () => {
    const vtoc = unixwareVtoc([
      { index: 0, first: slice, size: 20_480, type: 5, flag: 0x200 },
      { index: 1, first: 3000, size: 100, type: 2, flag: 0x200 },
      { index: 2, first: 4000, size: 100, type: 2 },
    ])
    const unixware = await scan(mbr({ type: 0x63, firstSector: slice, sectors: 20_480 }), {
      at: slice * 512,
      bytes: vtoc,
    })
    expect(unixware.partitions).toEqual(['1 2048+20480', '1s0 2048+20480 whole', '1s1 3000+100'])
    const minix = await scan(mbr({ type: 0x81, firstSector: slice, sectors: 20_480 }), {
      at: slice * 512,
      bytes: mbrSector([{ type: 0x81, firstSector: 2100, sectors: 200 }]),
    })
    expect(minix.partitions).toEqual(['1 2048+20480', '1s0 2100+200'])
  })

  test('Sun on SPARC: cylinders', async () => {
    const label = sunLabel([
      { index: 0, first: 2, size: 1600, type: 2 },
      { index: 2, first: 0, size: 131_072, type: 5 },
    ])
    expect(await scan({ at: 0, bytes: label })).toMatchObject({
      kind: 'sun',
      partitions: ['1 32+1600', '3 0+131072 whole'],
      ids: [],
    })
    const bad = label.slice()
    bad[0] = 1
    expect(await scan({ at: 0, bytes: bad })).toMatchObject({
      kind: 'sun',
      partitions: ['1 32+1600', '3 0+131072 whole'],
      ids: ['disklabel-damaged'],
    })
  })

  test('logical partitions as DR-DOS and OS/2 write them', async () => {
    const found = await scan(
      mbr({ type: 0x05, firstSector: slice, sectors: 40_960 }),
      {
        at: slice * 512,
        bytes: mbrSector([
          { type: 0x05, firstSector: 1000, sectors: 2000 },
          { type: 0x06, firstSector: 63, sectors: 100 },
          { type: 0x06, firstSector: 200, sectors: 100 },
          { type: 0x06, firstSector: 9_000_000, sectors: 100 },
        ]),
      },
      {
        at: (slice + 1000) * 512,
        bytes: mbrSector([{ type: 0x83, firstSector: 63, sectors: 100 }]),
      },
    )
    expect(found.partitions).toEqual(['1 2048+40960', '5 2111+100', '6 2248+100', '7 3111+100'])
  })
})

test('filesystems of slices are looked for, and said with the label', async () => {
  const label = bsdLabel([{ index: 0, first: slice + 64, size: 8000, type: 7 }])
  const superblock = new Uint8Array(1376)
  const view = new DataView(superblock.buffer)
  view.setUint32(48, 8192, true)
  view.setUint32(52, 1024, true)
  view.setUint32(36, 4000, true)
  superblock[209] = 1
  view.setUint32(1372, 0x00011954, true)
  const disk = sparseDisk(size, [
    mbr({ type: 0xa9, firstSector: slice, sectors: 20_480 }),
    { at: (slice + 1) * 512, bytes: label },
    { at: (slice + 64) * 512 + 8192, bytes: superblock },
  ])
  const guest = await readGuestContents(disk)
  expect(guest.filesystems).toMatchObject([{ type: 'ufs', start: (slice + 64) * 512, size: 4_096_000 }])
  expect(describeContents(guest)).toBe('MBR with BSD disklabel · UFS')
})

test('HAMMER2 in a DragonFly slice', async () => {
  const label = disklabel64([{ index: 3, first: mib, size: 4 * mib, type: 23 }])
  const header = new Uint8Array(80)
  new DataView(header.buffer).setBigUint64(0, 0x48414d3205172011n, true)
  new DataView(header.buffer).setBigUint64(40, BigInt(4 * mib), true)
  const at = slice * 512
  const { filesystems } = await readGuestContents(
    sparseDisk(size, [
      mbr({ type: 0x6c, firstSector: slice, sectors: 20_480 }),
      { at, bytes: label },
      { at: at + mib, bytes: header },
    ]),
  )
  expect(filesystems).toMatchObject([{ type: 'hammer2', size: 4 * mib, start: at + mib }])
})

test('hostile labels give problems, never errors', async () => {
  const labels = [
    bsdLabel([], { entryCount: 64 }),
    disklabel64([{ index: 0, first: 2 ** 52, size: 2 ** 52, type: 7 }]),
    solarisVtoc([{ index: 0, first: 2 ** 32 - 1, size: 2 ** 32 - 1, type: 2 }]),
    unixwareVtoc([]),
    sunLabel([{ index: 0, first: 2 ** 32 - 1, size: 2 ** 32 - 1, type: 2 }]),
  ]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...labels),
      fc.constantFrom(0, 64, 512, (slice + 1) * 512, slice * 512),
      fc.constantFrom(0xa5, 0xa6, 0x6c, 0xbf, 0x63, 0x81),
      fc.array(fc.tuple(fc.nat(1200), fc.nat(255)), { maxLength: 6 }),
      async (label, at, type, changes) => {
        const bytes = label.slice()
        for (const [place, value] of changes) if (place < bytes.length) bytes[place] = value
        const disk = sparseDisk(size, [mbr({ type, firstSector: slice, sectors: 20_480 }), { at, bytes }])
        const { table } = await readGuestContents(disk)
        for (const { start, length } of table.partitions) {
          expect(start).toBeGreaterThanOrEqual(0)
          expect(Number.isSafeInteger(start + length)).toBe(true)
        }
      },
    ),
    { numRuns: 400 },
  )
})
