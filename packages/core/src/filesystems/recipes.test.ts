import { describe, expect, test } from 'vitest'
import { sparseDisk, type Patch } from '../testing/sparse-disk.ts'
import { readRecipe } from './read-recipe.ts'

const mib = 1024 ** 2
const start = mib

interface Field {
  readonly at: number
  readonly bits: 8 | 16 | 32
  readonly value: number
}

function patches(from: number, isLittle: boolean, fields: readonly Field[]): Patch[] {
  return fields.map(({ at, bits, value }) => {
    const bytes = new Uint8Array(bits / 8)
    const view = new DataView(bytes.buffer)
    if (bits === 8) view.setUint8(0, value)
    if (bits === 16) view.setUint16(0, value, isLittle)
    if (bits === 32) view.setUint32(0, value, isLittle)
    return { at: from + at, bytes }
  })
}

const u8 = (at: number, value: number): Field => ({ at, bits: 8, value })
const u16 = (at: number, value: number): Field => ({ at, bits: 16, value })
const u32 = (at: number, value: number): Field => ({ at, bits: 32, value })
const text = (at: number, words: string | Uint8Array): Patch => ({
  at,
  bytes: typeof words === 'string' ? new TextEncoder().encode(words) : words,
})

const read = async (...all: readonly Patch[]) =>
  readRecipe(sparseDisk(64 * mib, [...all]), { start, length: 32 * mib })

const ext = (...more: readonly Field[]) =>
  patches(start + 1024, true, [
    u32(0x00, 8192),
    u32(0x04, 8192),
    u32(0x08, 409),
    u32(0x10, 8000),
    u32(0x18, 2),
    u32(0x20, 32_768),
    u16(0x38, 0xef53),
    u32(0x4c, 1),
    u16(0x58, 256),
    u32(0xe0, 8),
    u16(0x3c, 2),
    u32(0x5c, 0x4 | 0x20),
    u32(0x60, 0x2 | 0x40),
    u32(0x64, 0x1),
    u32(0x10c + 64, 4 * mib),
    ...more,
  ])

const xfs = (...more: readonly Field[]) => [
  text(start, 'XFSB'),
  ...patches(start, false, [
    u32(4, 4096),
    u32(52, 65_542),
    u32(88, 4),
    u32(96, 2048),
    u16(100, 0xb4a5),
    u16(102, 512),
    u16(104, 512),
    u8(127, 25),
    u8(192, 1),
    u32(200, 0x18a),
    u32(212, 0xd),
    u32(216, 0xb),
    ...more,
  ]),
]

describe('how another filesystem is made like one', () => {
  test('ext4', async () => {
    expect(await read(...ext(), text(start + 1024 + 0x78, `it's "a"`))).toEqual({
      kind: 'ext',
      label: `it's "a"`,
      blockSize: 4096,
      inodeSize: 256,
      clusterSize: null,
      inodes: 8192,
      usedInodes: 192,
      features: ['has_journal', 'dir_index', 'filetype', 'extent', 'sparse_super'],
      reservedShare: 409 / 8192,
      errors: 'remount-ro',
      mountOptions: 0,
      journalBytes: 4 * mib,
      stride: 0,
      stripeWidth: 0,
      // Inodes, two bitmaps, the superblock with its descriptors, the journal.
      ownBytes: 8192 * 256 + 2 * 4096 + 2 * 4096 + 4 * mib,
      unmade: [],
      unkept: [],
      hasQuotas: false,
    })
  })

  test.each<[string, readonly Field[], readonly string[]]>([
    ['encrypted folders', [u32(0x60, 0x10042)], ['encrypt (encrypted folders)']],
    ['names without case', [u32(0x60, 0x20042)], ['casefold (names without case)']],
    [
      'what nobody knows',
      [u32(0x60, 0x40000042), u32(0x64, 0x80000001)],
      ['incompat 0x40000000', 'read-only 0x80000000'],
    ],
    ['a journal elsewhere', [u32(0xe0, 0)], ['a journal on another disk']],
    ['revision 0', [u32(0x4c, 0)], ['revision 0']],
    ['what says how it is', [u32(0x60, 0x46), u32(0x64, 0x10001)], []],
  ])('ext with %s', async (_, fields, unmade) => {
    expect(await read(...ext(...fields))).toMatchObject({ unmade })
  })

  test('a label that is no text is not kept, and that is said', async () => {
    const label = text(start + 1024 + 0x78, Uint8Array.of(0xff, 0xfe))
    expect(await read(...ext(), label)).toMatchObject({
      label: null,
      unkept: ['its label, which is not text'],
    })
  })

  test('XFS', async () => {
    expect(await read(...xfs(), text(start + 108, 'root'))).toEqual({
      kind: 'xfs',
      label: 'root',
      blockSize: 4096,
      sectorSize: 512,
      inodeSize: 512,
      folderBlockSize: 8192,
      inodeShare: 25,
      stripeUnit: 0,
      stripeWidth: 0,
      logBytes: 8 * mib,
      groups: 4,
      features: {
        crc: true,
        finobt: true,
        rmapbt: false,
        reflink: true,
        inobtcount: true,
        bigtime: true,
        sparse: true,
        nrext64: false,
        ftype: true,
        ci: false,
      },
      unmade: [],
      unkept: [],
      hasQuotas: false,
    })
  })

  test.each<[string, readonly Field[], object]>([
    [
      'of version 4',
      [u16(100, 0xb4a4), u32(200, 0x8a)],
      { features: { crc: false, reflink: false, ftype: false }, unmade: [] },
    ],
    [
      'of an old version 4',
      [u16(100, 0x94a4), u32(200, 0x80)],
      { unmade: ['folders of version 1', 'attributes of version 1', 'counts that are not lazy'] },
    ],
    [
      'with a stripe',
      [u16(100, 0xb4a5 | 0x80), u32(184, 16), u32(188, 64)],
      { stripeUnit: 65_536, stripeWidth: 262_144 },
    ],
    ['with a realtime section', [u32(20, 100)], { unmade: ['a realtime section'] }],
    ['with its log elsewhere', [u32(52, 0)], { unmade: ['a log on another disk'] }],
    [
      'with parents and more',
      [u32(216, 0x8b), u32(212, 0x4000000d)],
      { unmade: ['read-only 0x40000000', 'parent'] },
    ],
    ['with quotas', [u16(176, 7)], { hasQuotas: true }],
    ['with a folder block size that is none', [u8(192, 200)], { folderBlockSize: 0 }],
  ])('XFS %s', async (_, fields, recipe) => {
    expect(await read(...xfs(...fields))).toMatchObject(recipe)
  })

  test('nothing of the kind', async () => {
    expect(await read()).toBe(null)
    expect(await readRecipe(sparseDisk(1024, []), { start: 0, length: 1024 })).toBe(null)
  })
})
