import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GuestDisk } from '../guest/guest-region.ts'
import { gptPatches, mbrSector, type GptEntry } from '../testing/gpt-builder.ts'
import { sparseDisk, type Patch } from '../testing/sparse-disk.ts'
import { readPartitionTable } from './partition-table.ts'

const mib = 1024 * 1024
const linux = '0FC63DAF-8483-4772-8E79-3D69D8477DE4'

async function scan(size: number, patches: readonly Patch[]) {
  const found = await readPartitionTable(new GuestDisk(sparseDisk(size, patches)).whole())
  return found && { ...found, ids: found.problems.map(({ id }) => id) }
}

function damaged(patch: Patch, at = 20): Patch {
  const bytes = patch.bytes.slice()
  bytes[at] = (bytes[at] ?? 0) ^ 0xff
  return { at: patch.at, bytes }
}

describe.each([512, 4096])('GPT with sectors of %d bytes', (sectorSize) => {
  const size = 64 * mib
  const perMib = mib / sectorSize
  const entries: GptEntry[] = [
    { type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', firstSector: perMib, lastSector: 9 * perMib - 1 },
    { type: linux, firstSector: 9 * perMib, lastSector: 60 * perMib - 1, name: 'root' },
  ]
  const [mbr, header, table, backupTable, backup] = gptPatches(entries, { size, sectorSize })

  test('both copies agree', async () => {
    const found = await scan(size, [mbr, header, table, backupTable, backup])
    expect(found?.table).toMatchObject({
      kind: 'gpt',
      sure: 'consistent',
      sectorSize,
      id: '12345678-9ABC-DEF0-1234-56789ABCDEF0',
      notes: ['both copies agree'],
      partitions: [
        { index: 1, start: mib, length: 8 * mib, typeName: 'EFI system', name: null },
        {
          index: 2,
          start: 9 * mib,
          length: 51 * mib,
          typeName: 'Linux filesystem',
          name: 'root',
          type: linux,
        },
      ],
    })
    expect(found?.ids).toEqual([])
  })

  test.each([
    ['header', [mbr, damaged(header), table, backupTable, backup]],
    ['entries', [mbr, header, damaged(table), backupTable, backup]],
    ['header gone', [mbr, table, backupTable, backup]],
  ])('damaged primary (%s): the backup is used and it is said', async (_, patches) => {
    const found = await scan(size, patches)
    expect(found?.table).toMatchObject({ sure: 'damaged', notes: ['the backup was used'] })
    expect(found?.table.partitions).toHaveLength(2)
    expect(found?.ids).toEqual(['gpt-primary-damaged'])
  })

  test.each([
    ['damaged', [mbr, header, table, backupTable, damaged(backup)]],
    ['entries damaged', [mbr, header, table, damaged(backupTable), backup]],
    ['gone', [mbr, header, table]],
  ])('backup %s', async (_, patches) => {
    const found = await scan(size, patches)
    expect(found?.table.partitions).toHaveLength(2)
    expect(found?.ids).toEqual(['gpt-backup-damaged'])
  })

  test('copies that differ', async () => {
    const [, , , otherTable, otherBackup] = gptPatches(entries.slice(0, 1), { size, sectorSize })
    const found = await scan(size, [mbr, header, table, otherTable, otherBackup])
    expect(found?.table.partitions).toHaveLength(2)
    expect(found?.ids).toEqual(['gpt-copies-differ'])
  })

  test('a grown disk: the backup is not at the end, with the remedy', async () => {
    const found = await scan(size * 2, [mbr, header, table, backupTable, backup])
    expect(found?.ids).toEqual(['gpt-backup-not-at-end'])
    expect(found?.problems[0]).toMatchObject({ layer: 'L4', offset: backup.at })
    expect(found?.problems[0]?.remedy).toContain('sgdisk -e')
  })

  test('a cut disk', async () => {
    const found = await scan(size / 2, [mbr, header, table])
    expect(found?.ids).toEqual(['gpt-beyond-disk', 'partition-outside-disk'])
  })

  test('neither copy', async () => {
    const found = await scan(size, [mbr, damaged(header), table])
    expect(found?.table).toMatchObject({ kind: 'gpt', partitions: [] })
    expect(found?.ids).toEqual(['gpt-unreadable'])
  })

  test('without protective MBR', async () => {
    expect((await scan(size, [header, table, backupTable, backup]))?.ids).toEqual([
      'gpt-without-protective-mbr',
    ])
  })

  test('left over under a newer MBR: the MBR counts', async () => {
    const newer = { at: 0, bytes: mbrSector([{ type: 0x83, firstSector: 2048, sectors: 2048 }]) }
    expect((await scan(size, [newer, header, table, backupTable, backup]))?.table.kind).toBe('mbr')
  })

  test('hybrid', async () => {
    const both = {
      at: 0,
      bytes: mbrSector([
        { type: 0xee, firstSector: 1, sectors: 100 },
        { type: 0x83, firstSector: 2048, sectors: 2048 },
      ]),
    }
    expect((await scan(size, [both, header, table, backupTable, backup]))?.table.kind).toBe('hybrid')
  })
})

describe('hostile GPT', () => {
  const size = 64 * mib

  test.each([
    ['too many entries', { entryCount: 5000 }],
    ['entries too large', { entrySize: 8192, entryCount: 4 }],
    ['entries of an odd size', { entrySize: 132, entryCount: 4 }],
  ])('%s', async (_, options) => {
    const found = await scan(size, gptPatches([], { size, ...options }))
    expect(found?.ids).toEqual(['gpt-unreadable'])
  })

  test('4,096 entries are read, 1,024 are listed', async () => {
    const entries = Array.from({ length: 4096 }, (_, i) => ({
      type: linux,
      firstSector: 3000 + i,
      lastSector: 3000 + i,
    }))
    const found = await scan(size, gptPatches(entries, { size, entryCount: 4096 }))
    expect(found?.table.partitions).toHaveLength(1024)
    expect(found?.ids).toEqual(['too-many-partitions'])
  })

  test('entries that end before they start, or beyond all numbers', async () => {
    const entries = [
      { type: linux, firstSector: 5000, lastSector: 4000 },
      { type: linux, firstSector: 2048, lastSector: 2 ** 52 },
      { type: linux, firstSector: 6000, lastSector: 7000 },
    ]
    const found = await scan(size, gptPatches(entries, { size }))
    expect(found?.table.partitions.map(({ index }) => index)).toEqual([3])
    expect(found?.ids).toEqual(['partition-unreadable', 'partition-unreadable'])
  })

  test('overlaps', async () => {
    const entries = [
      { type: linux, firstSector: 2048, lastSector: 9000 },
      { type: linux, firstSector: 8000, lastSector: 9999 },
    ]
    expect((await scan(size, gptPatches(entries, { size })))?.ids).toEqual(['partitions-overlap'])
  })
})

describe('MBR', () => {
  const size = 64 * mib
  const at = (sector: number, bytes: Uint8Array): Patch => ({ at: sector * 512, bytes })

  test('primary and logical partitions', async () => {
    const found = await scan(size, [
      at(
        0,
        mbrSector([
          { type: 0x83, firstSector: 2048, sectors: 8192, status: 0x80 },
          { type: 0x0f, firstSector: 20_000, sectors: 60_000 },
        ]),
      ),
      at(
        20_000,
        mbrSector([
          { type: 0x07, firstSector: 63, sectors: 1000 },
          { type: 0x05, firstSector: 10_000, sectors: 2000 },
        ]),
      ),
      at(30_000, mbrSector([{ type: 0x82, firstSector: 63, sectors: 1500 }])),
    ])
    expect(found?.table.partitions).toMatchObject([
      { index: 1, start: 2048 * 512, bootable: true, role: 'primary', type: '0x83', typeName: 'Linux' },
      { index: 2, role: 'extended' },
      { index: 5, start: 20_063 * 512, length: 1000 * 512, role: 'logical', type: '0x07' },
      { index: 6, start: 30_063 * 512, length: 1500 * 512, role: 'logical', type: '0x82' },
    ])
    expect(found?.table.records).toEqual([20_000 * 512, 30_000 * 512])
    expect(found?.ids).toEqual([])
  })

  test.each([
    ['to itself', [{ from: 20_000, next: 0 }]],
    [
      'back and forth',
      [
        { from: 20_000, next: 100 },
        { from: 20_100, next: 50 },
        { from: 20_050, next: 100 },
      ],
    ],
    ['out of the extended partition', [{ from: 20_000, next: 70_000 }]],
    ['to no boot record', [{ from: 20_000, next: 500 }]],
  ])('a chain that leads %s ends with what came before', async (_, links) => {
    const found = await scan(size, [
      at(0, mbrSector([{ type: 0x05, firstSector: 20_000, sectors: 60_000 }])),
      ...links.map(({ from, next }) =>
        at(
          from,
          mbrSector([
            { type: 0x83, firstSector: 1, sectors: 10 },
            { type: 0x05, firstSector: next, sectors: 10 },
          ]),
        ),
      ),
    ])
    expect(found?.ids).toContain('mbr-logical-damaged')
    expect(found?.table.partitions.filter(({ role }) => role === 'logical')).toHaveLength(links.length)
  })

  test('a chain of more than 256 is cut', async () => {
    const links = Array.from({ length: 300 }, (_, i) =>
      at(
        20_000 + 2 * i,
        mbrSector([
          { type: 0x83, firstSector: 1, sectors: 1 },
          { type: 0x05, firstSector: 2 * (i + 1), sectors: 2 },
        ]),
      ),
    )
    const found = await scan(size, [
      at(0, mbrSector([{ type: 0x05, firstSector: 20_000, sectors: 60_000 }])),
      ...links,
    ])
    expect(found?.table.partitions).toHaveLength(257)
    expect(found?.ids).toEqual(['mbr-logical-damaged'])
  })

  test.each([
    ['no entry', mbrSector([])],
    ['impossible flags', mbrSector([{ type: 0x83, firstSector: 2048, sectors: 10, status: 0x12 }])],
    ['all beyond the disk', mbrSector([{ type: 0x83, firstSector: 0xffff_fff0, sectors: 10 }])],
    ['too short', new Uint8Array(100)],
  ])('%s is no MBR', async (_, bytes) => {
    expect(await scan(size, [{ at: 0, bytes }])).toBeNull()
  })
})

test('random first sectors never throw', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 600, maxLength: 2048 }),
      fc.constantFrom('mbr', 'gpt', 'apm', 'none' as const),
      fc.nat(4 * mib),
      async (bytes, kind, size) => {
        if (kind === 'mbr' || kind === 'gpt') bytes.set([0x55, 0xaa], 510)
        if (kind === 'gpt') {
          bytes[450] = 0xee
          bytes.set(new TextEncoder().encode('EFI PART'), 512)
        }
        if (kind === 'apm') {
          bytes.set(new TextEncoder().encode('ER'), 0)
          bytes.set(new TextEncoder().encode('PM'), 512)
        }
        for (const at of [446, 462, 478, 494]) bytes[at] = (bytes[at] ?? 0) & 0x80
        const found = await scan(size, [{ at: 0, bytes }])
        for (const { start, length } of found?.table.partitions ?? []) {
          expect(Number.isSafeInteger(start + length)).toBe(true)
        }
      },
    ),
    { numRuns: 500 },
  )
})
