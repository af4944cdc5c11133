import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Extent } from '../../ranges/extent.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { isBlocking } from '../../problems/problem.ts'
import type { ImagePorts } from '../../image/image-files.ts'
import { encodeCompressedEntry, encodeDataEntry } from './cluster-entry.ts'
import { qcow2Driver } from './driver.ts'
import { entry, handmade, handmadeImage, memoryFile, memoryPorts } from './testing/handmade-image.ts'
import type { HandmadeOptions } from './testing/handmade-image.ts'
import { extensionTypes } from './header-extensions.ts'

const text = (value: string) => new TextEncoder().encode(value)
const afterEnd = 0x4000_0000

describe('recognises', () => {
  test('versions 2 and above, by the magic', () => {
    const head = (version: number) => handmadeImage({ start: { version } })
    const ends = (bytes: Uint8Array) => ({ head: bytes, tail: bytes, size: bytes.length })
    expect(qcow2Driver.recognises(ends(head(2)))).toBe(true)
    expect(qcow2Driver.recognises(ends(head(3)))).toBe(true)
    expect(qcow2Driver.recognises(ends(head(4)))).toBe(true)
    expect(qcow2Driver.recognises(ends(head(1)))).toBe(false)
    expect(qcow2Driver.recognises(ends(new Uint8Array(512)))).toBe(false)
    expect(qcow2Driver.recognises(ends(head(3).subarray(0, 7)))).toBe(false)
  })
})

describe('a small image', () => {
  test('reads data and absent clusters', async () => {
    const { bytes, extents } = await readAll(handmadeImage())
    expect(bytes.subarray(0, 512).every((byte) => byte === 1)).toBe(true)
    expect(bytes.subarray(512, 1024).every((byte) => byte === 2)).toBe(true)
    expect(bytes.subarray(1024).every((byte) => byte === 0)).toBe(true)
    expect(extents).toEqual([
      { start: 0, length: 1024, content: 'data' },
      { start: 1024, length: handmade.virtualSize - 1024, content: 'absent' },
    ])
  })

  test('a zero cluster is zero even where it keeps a place', async () => {
    const zeroAllocated = entry({ high: 0x8000_0000, low: handmade.dataAt | 1 })
    const { extents, bytes } = await readAll(
      handmadeImage({ patches: [{ at: handmade.l2At, bytes: zeroAllocated }] }),
    )
    expect(extents[0]).toEqual({ start: 0, length: 512, content: 'zero' })
    expect(bytes[0]).toBe(0)
  })

  test('the part of the last cluster behind the end of the file is zeros', async () => {
    const { bytes } = await readAll(handmadeImage().subarray(0, handmade.fileSize - 100))
    expect(bytes.subarray(512, 924).every((byte) => byte === 2)).toBe(true)
    expect(bytes.subarray(924, 1024).every((byte) => byte === 0)).toBe(true)
  })

  test('a compressed cluster is unpacked, also in part', async () => {
    const packed = deflateRawSync(new Uint8Array(512).fill(7))
    const at = handmade.dataAt + 3
    const { high, low } = encodeCompressedEntry(at, { storedBytes: packed.length, clusterSize: 512 })
    const image = handmadeImage({
      patches: [
        { at, bytes: packed },
        { at: handmade.l2At, bytes: entry({ high, low }) },
      ],
    })
    const { bytes } = await readAll(image)
    expect(bytes.subarray(0, 512).every((byte) => byte === 7)).toBe(true)
    await using layer = await qcow2Driver.openLayer(memoryFile(image), memoryPorts())
    const part = new Uint8Array(20)
    await layer.disk.readInto(part, 500)
    expect([...part]).toEqual([...Array(12).fill(7), ...Array(8).fill(2)])
  })

  test('reading outside the disk is out of range, a canceled signal stops', async () => {
    await using layer = await qcow2Driver.openLayer(memoryFile(handmadeImage()), memoryPorts())
    const { disk } = layer
    await expect(disk.readInto(new Uint8Array(2), handmade.virtualSize - 1)).rejects.toMatchObject({
      code: 'out-of-range',
    })
    await expect(disk.readInto(new Uint8Array(2), -1)).rejects.toMatchObject({ code: 'out-of-range' })
    const signal = AbortSignal.abort()
    await expect(disk.readInto(new Uint8Array(2), 0, { signal })).rejects.toThrow('aborted')
  })
})

describe('what an image says about itself', () => {
  const inspect = async (options: HandmadeOptions, ports = memoryPorts()) =>
    await qcow2Driver.inspect(memoryFile(handmadeImage(options)), ports)

  test('parent with its format', async () => {
    const facts = await inspect({
      start: { backingFileOffset: 300, backingFileSize: 9 },
      extensions: [{ type: extensionTypes.backingFormat, body: text('vpc') }],
      patches: [{ at: 300, bytes: text('base.vhdx') }],
    })
    expect(facts.parent).toEqual({ names: ['base.vhdx'], format: 'vhd', identity: null })
    expect(facts.problems).toEqual([])
  })

  test('a parent whose name is a driver is reported as written', async () => {
    const name = 'json:{"driver":"null-co"}'
    const start = { backingFileOffset: 300, backingFileSize: name.length }
    const facts = await inspect({ start, patches: [{ at: 300, bytes: text(name) }] })
    expect(facts.parent).toEqual({ names: [name], format: null, identity: null })
  })

  test.each([
    ['not UTF-8', new Uint8Array([0x61, 0xff, 0xfe])],
    ['with a NUL', text('a\0b')],
  ])('a parent name %s is refused', async (_, name) => {
    const options = {
      start: { backingFileOffset: 300, backingFileSize: name.length },
      patches: [{ at: 300, bytes: name }],
    }
    const facts = await inspect(options)
    expect(facts.parent).toBeNull()
    expect(facts.problems).toMatchObject([{ id: 'reference-refused', severity: 'block' }])
    await expectRefused(handmadeImage(options), 'reference-refused')
  })

  test('a parent of a format that no one knows is refused', async () => {
    const options = {
      start: { backingFileOffset: 300, backingFileSize: 1 },
      extensions: [{ type: extensionTypes.backingFormat, body: text('luks') }],
      patches: [{ at: 300, bytes: text('a') }],
    }
    await expectRefused(handmadeImage(options), 'unsupported-feature')
  })

  test('dirty and corrupt bits warn, the image is read', async () => {
    const options = { version3: { incompatibleLow: 3 } }
    const facts = await inspect(options)
    expect(facts.problems.map(({ id, severity }) => [id, severity])).toEqual([
      ['qcow2-dirty', 'warn'],
      ['qcow2-corrupt', 'warn'],
    ])
    const { bytes } = await readAll(handmadeImage(options))
    expect(bytes[0]).toBe(1)
  })

  test('unknown incompatible features are refused by the name the writer gave', async () => {
    const name = new Uint8Array(48)
    name.set([0, 40, ...text('sharding')])
    const options = {
      version3: { incompatibleHigh: 1 << 8 },
      extensions: [{ type: extensionTypes.featureNames, body: name }],
    }
    const facts = await inspect(options)
    expect(facts.problems[0]?.message).toContain('"sharding" (incompatible feature bit 40)')
    await expectRefused(handmadeImage(options), 'unsupported-feature')
  })

  test('an external data file holds the clusters at their guest offsets', async () => {
    const options = {
      version3: { incompatibleLow: 4 },
      extensions: [{ type: extensionTypes.dataFile, body: text('disk.raw') }],
      patches: [
        { at: handmade.l2At, bytes: entry(encodeDataEntry(0)) },
        { at: handmade.l2At + 8, bytes: entry(encodeDataEntry(512)) },
      ],
    }
    const ports = memoryPorts({ '/images/disk.raw': new Uint8Array(1024).fill(9) })
    const facts = await inspect(options, ports)
    expect(facts.parts).toEqual(['disk.raw'])
    expect(facts.problems).toEqual([])
    const { bytes } = await readAll(handmadeImage(options), ports)
    expect(bytes.subarray(0, 1024).every((byte) => byte === 9)).toBe(true)
    expect((await inspect(options)).problems).toMatchObject([
      { id: 'extent-file-missing', severity: 'block' },
    ])
    await expectRefused(handmadeImage(options), 'extent-file-missing')
  })

  test('what cannot be parsed leaves the size open, never throws', async () => {
    const facts = await qcow2Driver.inspect(memoryFile(handmadeImage().subarray(0, 40)), memoryPorts())
    expect(facts).toMatchObject({ format: 'qcow2', virtualSize: null, problems: [{ id: 'truncated' }] })
  })
})

const hostile: readonly [name: string, options: HandmadeOptions, code: string][] = [
  ['version 4', { start: { version: 4 } }, 'unsupported-feature'],
  ['clusters of 256 bytes', { start: { clusterBits: 8 } }, 'limit-exceeded'],
  ['clusters of 4 MiB', { start: { clusterBits: 22 } }, 'limit-exceeded'],
  ['cluster_bits of 2^32−1', { start: { clusterBits: 0xffff_ffff } }, 'limit-exceeded'],
  ['header_length below 104', { version3: { headerLength: 96 } }, 'corrupt'],
  ['header_length beyond the cluster', { version3: { headerLength: 0xffff_fff8 } }, 'corrupt'],
  ['a disk larger than its L1 table', { start: { virtualSize: 65 * 512 } }, 'corrupt'],
  ['a disk of 2^53−512 bytes', { start: { virtualSize: 2 ** 53 - 512 } }, 'corrupt'],
  ['half a sector', { start: { virtualSize: 1000 } }, 'corrupt'],
  ['an L1 table above 32 MiB', { start: { l1Size: 0x40_0001 } }, 'limit-exceeded'],
  ['an L1 table beyond the file', { start: { l1TableOffset: afterEnd } }, 'truncated'],
  ['an L1 table that leaves the file', { start: { l1Size: 0x10_0000 } }, 'truncated'],
  ['an L1 table at 2^53−512', { start: { l1TableOffset: 2 ** 53 - 512 } }, 'truncated'],
  ['an L1 table over the header', { start: { l1TableOffset: 0 } }, 'corrupt'],
  ['an L1 table off the clusters', { start: { l1TableOffset: 1025 } }, 'corrupt'],
  ['no refcount table', { start: { refcountTableClusters: 0 } }, 'corrupt'],
  ['a refcount table above 8 MiB', { start: { refcountTableClusters: 0xffff_ffff } }, 'limit-exceeded'],
  ['a refcount table off the clusters', { start: { refcountTableOffset: 513 } }, 'corrupt'],
  ['refcounts of 128 bits', { version3: { refcountOrder: 7 } }, 'corrupt'],
  ['AES', { start: { cryptMethod: 1 } }, 'encrypted'],
  ['LUKS', { start: { cryptMethod: 2 } }, 'encrypted'],
  ['crypt_method 3', { start: { cryptMethod: 3 } }, 'corrupt'],
  ['compression type 2', { compressionType: 2, version3: { incompatibleLow: 8 } }, 'unsupported-feature'],
  ['zstd without its bit', { compressionType: 1 }, 'corrupt'],
  ['the bit without zstd', { version3: { incompatibleLow: 8 } }, 'corrupt'],
  ['subclusters of 16 bytes', { version3: { incompatibleLow: 16 } }, 'corrupt'],
  ['an unknown feature', { version3: { incompatibleLow: 32 } }, 'unsupported-feature'],
  [
    'an unknown feature in the high half',
    { version3: { incompatibleHigh: 0x8000_0000 } },
    'unsupported-feature',
  ],
  ['a data file without a name', { version3: { incompatibleLow: 4 } }, 'corrupt'],
  [
    'a backing name of 4 GiB',
    { start: { backingFileOffset: 300, backingFileSize: 0xffff_ffff } },
    'limit-exceeded',
  ],
  [
    'a backing name behind the first cluster',
    { start: { backingFileOffset: 600, backingFileSize: 5 } },
    'corrupt',
  ],
  [
    'a backing name across the first cluster',
    { start: { backingFileOffset: 510, backingFileSize: 5 } },
    'corrupt',
  ],
  ['a backing name over the header', { start: { backingFileOffset: 8, backingFileSize: 5 } }, 'corrupt'],
  ['a backing name at 2^53−1', { start: { backingFileOffset: 2 ** 53 - 1, backingFileSize: 5 } }, 'corrupt'],
  ['65,537 snapshots', { start: { snapshotCount: 65_537, snapshotsOffset: 1024 } }, 'limit-exceeded'],
  ['snapshots beyond the file', { start: { snapshotCount: 1, snapshotsOffset: afterEnd } }, 'truncated'],
  ['snapshots off the clusters', { start: { snapshotCount: 1, snapshotsOffset: 1000 } }, 'corrupt'],
  ['snapshots that leave the file', { start: { snapshotCount: 60_000, snapshotsOffset: 1024 } }, 'truncated'],
  [
    'a snapshot with 4 GiB of extra data',
    {
      start: { snapshotCount: 1, snapshotsOffset: 2560 },
      patches: [{ at: 2560, bytes: new Uint8Array(40).fill(0xff, 36) }],
    },
    'limit-exceeded',
  ],
  [
    'an extension longer than its room',
    { patches: [{ at: 112, bytes: new Uint8Array([1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff]) }] },
    'corrupt',
  ],
  [
    'one L2 table named more often than the file has room for tables',
    {
      start: { l1Size: 64, virtualSize: 64 * 64 * 512 },
      patches: Array.from({ length: 64 }, (_, i) => ({
        at: handmade.l1At + 8 * i,
        bytes: entry(encodeDataEntry(handmade.l2At)),
      })),
    },
    'corrupt',
  ],
  [
    'an L2 table beyond the file',
    { patches: [{ at: handmade.l1At, bytes: entry(encodeDataEntry(afterEnd)) }] },
    'truncated',
  ],
  [
    'an L2 table at 2^55',
    { patches: [{ at: handmade.l1At, bytes: entry({ high: 0x0080_0000, low: 0 }) }] },
    'truncated',
  ],
]

describe('hostile headers are refused with a code, and inspected without a throw', () => {
  test.each(hostile)('%s', async (_, options, code) => {
    const image = handmadeImage(options)
    await expectRefused(image, code)
    const { problems } = await qcow2Driver.inspect(memoryFile(image), memoryPorts())
    const messages = problems.filter(isBlocking).map(({ message }) => message)
    expect(messages).toEqual([...new Set(messages)])
  })

  test('64-bit fields above 2^53−1', async () => {
    for (const at of [8, 24, 40, 48, 64]) {
      await expectRefused(
        handmadeImage({ patches: [{ at, bytes: new Uint8Array(8).fill(0xff) }] }),
        'limit-exceeded',
      )
    }
  })

  test('every length to which the metadata can be cut', async () => {
    const image = handmadeImage()
    for (let length = 0; length < handmade.dataAt; length += 1) {
      await expectRefused(image.subarray(0, length), 'truncated')
    }
  })
})

const hostileEntries: readonly [name: string, bytes: Uint8Array, code: string][] = [
  ['data beyond the file', entry(encodeDataEntry(afterEnd)), 'truncated'],
  ['data at the end of the file', entry(encodeDataEntry(handmade.fileSize)), 'truncated'],
  ['data at 2^55', entry({ high: 0x0080_0000, low: 0 }), 'truncated'],
  ['a compressed cluster beyond the file', entry({ high: 0x4000_0000, low: afterEnd }), 'truncated'],
  ['a compressed cluster over the header', entry({ high: 0x4000_0000, low: 100 }), 'corrupt'],
  [
    'a compressed cluster of rubbish',
    entry({ high: 0x4000_0000, low: handmade.dataAt }),
    'decompression-failed',
  ],
]

describe('hostile L2 entries are refused when they are read', () => {
  test.each(hostileEntries)('%s', async (_, bytes, code) => {
    const image = handmadeImage({ patches: [{ at: handmade.l2At, bytes }] })
    await expect(readAll(image)).rejects.toMatchObject({ code, file: '/images/disk.qcow2' })
  })

  test('a compressed cluster that unpacks to too little or too much', async () => {
    for (const size of [511, 513, 100_000]) {
      const packed = deflateRawSync(new Uint8Array(size).fill(3))
      const at = handmade.dataAt
      const { high, low } = encodeCompressedEntry(at, { storedBytes: packed.length, clusterSize: 512 })
      const image = handmadeImage({
        patches: [
          { at, bytes: packed },
          { at: handmade.l2At, bytes: entry({ high, low }) },
        ],
      })
      await expect(readAll(image)).rejects.toMatchObject({ code: 'decompression-failed' })
    }
  })

  test('a zero cluster in version 2', async () => {
    const patches = [{ at: handmade.l2At, bytes: entry({ high: 0, low: 1 }) }]
    await expect(readAll(handmadeImage({ start: { version: 2 }, patches }))).rejects.toMatchObject({
      code: 'corrupt',
    })
  })
})

test('no flipped bytes do worse than a coded error', async () => {
  const flips = fc.array(fc.tuple(fc.nat(handmade.dataAt - 1), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 6,
  })
  await fc.assert(
    fc.asyncProperty(flips, async (changes) => {
      const image = handmadeImage({ extensions: [{ type: extensionTypes.backingFormat, body: text('raw') }] })
      for (const [at, value] of changes) image[at % 3 === 0 ? at % 160 : at] = value
      await qcow2Driver.inspect(memoryFile(image), memoryPorts())
      try {
        await using layer = await qcow2Driver.openLayer(memoryFile(image), memoryPorts())
        const end = Math.min(layer.disk.virtualSize, 1024 * 1024)
        await layer.disk.readInto(new Uint8Array(end), 0)
        await collect(layer.disk.extents({ start: 0, end }))
      } catch (error) {
        expect(error).toBeInstanceOf(DiskError)
      }
    }),
    { numRuns: 2000 },
  )
})

async function expectRefused(image: Uint8Array, code: string): Promise<void> {
  await expect(qcow2Driver.openLayer(memoryFile(image), memoryPorts())).rejects.toMatchObject({
    code,
    file: '/images/disk.qcow2',
  })
}

async function readAll(image: Uint8Array, ports: ImagePorts = memoryPorts()) {
  await using layer = await qcow2Driver.openLayer(memoryFile(image), ports)
  const { disk } = layer
  const bytes = new Uint8Array(disk.virtualSize).fill(0xee)
  await disk.readInto(bytes, 0)
  return { bytes, extents: await collect(disk.extents({ start: 0, end: disk.virtualSize })) }
}

async function collect(extents: AsyncIterable<Extent>): Promise<Extent[]> {
  const all: Extent[] = []
  for await (const extent of extents) all.push(extent)
  return all
}
