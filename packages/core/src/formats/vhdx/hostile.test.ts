import { describe, expect, test } from 'vitest'
import { parseGuid } from '../../binary/uuid.ts'
import { memoryFiles } from '../../testing/memory-files.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { headersAt, itemGuids, mib, regionGuids, regionTablesAt } from './header.ts'
import { batAt, buildVhdx, dataWriteGuid, metadataAt, resealVhdx } from './testing/build-vhdx.ts'

const path = '/images/disk.vhdx'

function small(): Uint8Array {
  return buildVhdx({
    virtualSize: 4 * mib,
    blockSize: mib,
    entries: { 0: { state: 6, offset: 4 * mib } },
    patches: [{ at: 4 * mib, bytes: new Uint8Array(mib).fill(1) }],
  })
}

function child(): Uint8Array {
  const parent = { parent_linkage: `{${dataWriteGuid}}`, relative_path: 'parent.vhdx' }
  return buildVhdx({ virtualSize: 4 * mib, blockSize: mib, parent })
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)
}

const allOnes = new Uint8Array(8).fill(0xff)
const [firstHeader = 0, secondHeader = 0] = headersAt
const [firstTable = 0, secondTable = 0] = regionTablesAt
const bothHeaders = (at: number) => [firstHeader + at, secondHeader + at]
const bothTables = (at: number) => [firstTable + at, secondTable + at]
/** Table entries and items of the metadata region, as `buildVhdx` lays them out. */
const entry = (index: number, at = 0) => [metadataAt + 32 + index * 32 + at]
const item = (at: number) => [metadataAt + 64 * 1024 + at]
const locator = (at: number) => item(8 + 8 + 16 + 4 + 4 + at)
const guid = (text: string) => parseGuid(text)
const strange = guid('DEADBEEF-0000-4000-8000-000000000000')

type Lie = readonly [field: string, at: readonly number[], bytes: Uint8Array, code: string]

const lies: readonly Lie[] = [
  ['file identifier', [0], Uint8Array.of(0x56), 'corrupt'],
  ['header signature', bothHeaders(0), u32(0), 'corrupt'],
  ['header sequence number', bothHeaders(8), allOnes, 'corrupt'],
  ['header version', bothHeaders(66), Uint8Array.of(2), 'unsupported-feature'],
  ['log length not in MiB', bothHeaders(68), u32(4096), 'corrupt'],
  ['log longer than the file', bothHeaders(68), u32(0xfff0_0000), 'truncated'],
  ['log in the header section', bothHeaders(72), u32(0), 'corrupt'],
  ['log past the end', bothHeaders(72), u32(0x7ff0_0000), 'truncated'],
  ['log over the metadata', bothHeaders(72), u32(2 * mib), 'corrupt'],
  ['log offset past 2^53', bothHeaders(72), allOnes, 'corrupt'],
  ['region table signature', bothTables(0), u32(0), 'corrupt'],
  ['number of regions', bothTables(8), u32(2048), 'limit-exceeded'],
  ['no regions', bothTables(8), u32(0), 'corrupt'],
  ['one region', bothTables(8), u32(1), 'corrupt'],
  ['required region of unknown kind', bothTables(16), strange, 'unsupported-feature'],
  ['the same region twice', bothTables(16), guid(regionGuids.metadata), 'corrupt'],
  ['BAT not in MiB', bothTables(16 + 16), u32(3 * mib + 512), 'corrupt'],
  ['BAT over the metadata', bothTables(16 + 16), u32(2 * mib), 'corrupt'],
  ['BAT in the header section', bothTables(16 + 16), u32(0), 'corrupt'],
  ['BAT past the end', bothTables(16 + 16), u32(512 * mib), 'truncated'],
  ['BAT offset past 2^53', bothTables(16 + 16), allOnes, 'limit-exceeded'],
  ['BAT longer than the file', bothTables(16 + 24), u32(256 * mib), 'truncated'],
  ['BAT too short', bothTables(16 + 24), u32(0), 'corrupt'],
  ['metadata signature', [metadataAt], Uint8Array.of(0), 'corrupt'],
  ['number of items', [metadataAt + 10], Uint8Array.of(0, 8), 'limit-exceeded'],
  ['no items', [metadataAt + 10], Uint8Array.of(0, 0), 'corrupt'],
  ['required item of unknown kind', entry(0), strange, 'unsupported-feature'],
  ['the same item twice', entry(1), guid(itemGuids.fileParameters), 'corrupt'],
  ['item inside the table', entry(0, 16), u32(32), 'corrupt'],
  ['item outside the region', entry(0, 16), u32(mib - 4), 'corrupt'],
  ['item offset past 2^31', entry(0, 16), u32(0xffff_ffff), 'corrupt'],
  ['item longer than 1 MiB', entry(0, 20), u32(mib + 1), 'corrupt'],
  ['item too short', entry(1, 20), u32(4), 'truncated'],
  ['empty item', entry(3, 20), u32(0), 'corrupt'],
  ['disk ID too short', entry(2, 20), u32(15), 'corrupt'],
  ['known item as a user item', entry(0, 24), u32(1), 'corrupt'],
  ['block size 0', item(0), u32(0), 'corrupt'],
  ['block size no power of two', item(0), u32(3 * mib), 'corrupt'],
  ['block size too small', item(0), u32(mib / 2), 'corrupt'],
  ['block size too large', item(0), u32(512 * mib), 'corrupt'],
  ['parent without a locator', item(4), u32(2), 'corrupt'],
  ['disk size past the BAT', item(8), Uint8Array.of(0, 0, 0, 0, 0, 1), 'corrupt'],
  ['disk size past 64 TiB', item(8), Uint8Array.of(0, 2, 0, 0, 0, 0, 0x40), 'limit-exceeded'],
  ['disk size past 2^53', item(8), allOnes, 'limit-exceeded'],
  ['disk size in part of a sector', item(8), u32(4 * mib - 1), 'corrupt'],
  ['logical sector size', item(32), u32(1024), 'corrupt'],
  ['physical sector size', item(36), u32(0), 'corrupt'],
]

const locatorLies: readonly Lie[] = [
  ['kind of locator', locator(0), strange, 'unsupported-feature'],
  ['number of pairs', locator(18), Uint8Array.of(65, 0), 'limit-exceeded'],
  ['no pairs', locator(18), Uint8Array.of(0, 0), 'corrupt'],
  ['more pairs than there are bytes', locator(18), Uint8Array.of(60, 0), 'corrupt'],
  ['key outside', locator(20), u32(0xffff_ffff), 'corrupt'],
  ['value outside', locator(24), u32(4096), 'corrupt'],
  ['length of a value', locator(30), Uint8Array.of(0xff, 0xff), 'corrupt'],
]

async function expectRefused(bytes: Uint8Array, code: string): Promise<void> {
  const { ports } = memoryFiles({ [path]: bytes })
  await expect(openChain(path, ports, { format: 'vhdx' })).rejects.toMatchObject({ code })
  const { problems } = await inspectChain(path, ports, { format: 'vhdx' })
  expect(problems.filter(({ severity }) => severity === 'block').map(({ id }) => id)).toContain(code)
}

describe('every field that lies ends in a coded error', () => {
  test.each(lies)('%s', async (_, places, bytes, code) => {
    const image = small()
    for (const at of places) image.set(bytes, at)
    await expectRefused(resealVhdx(image), code)
  })

  test.each(locatorLies)('parent locator: %s', async (_, places, bytes, code) => {
    const image = child()
    for (const at of places) image.set(bytes, at)
    await expectRefused(image, code)
  })

  test('a file that is no VHDX though somebody said so', async () => {
    await expectRefused(new Uint8Array(8 * mib), 'corrupt')
  })

  test.each([512, 64 * 1024, 100_000, 193 * 1024, mib, 2 * mib, 3 * mib])(
    'a file cut at %i',
    async (size) => {
      await expectRefused(small().slice(0, size), 'truncated')
    },
  )
})

describe('copies of the header and the region table', () => {
  async function problemsOf(bytes: Uint8Array): Promise<readonly string[]> {
    const { ports } = memoryFiles({ [path]: bytes })
    await using chain = await openChain(path, ports)
    const first = new Uint8Array(1)
    await chain.disk.readInto(first, 0)
    expect(first[0]).toBe(1)
    return (await inspectChain(path, ports)).problems.map(({ id, severity }) => `${severity} ${id}`)
  }

  test.each([...headersAt, ...regionTablesAt])('one damaged copy at %i is a warning', async (at) => {
    const image = small()
    image.fill(0x5a, at + 100, at + 120)
    expect(await problemsOf(image)).toEqual(['warn vhdx-copy-damaged'])
  })

  test.each([headersAt, regionTablesAt])('both copies damaged are a refusal', async (...places) => {
    const image = small()
    for (const at of places) image.fill(0x5a, at + 100, at + 120)
    await expectRefused(image, 'corrupt')
  })

  test('the header with the higher sequence number counts', async () => {
    for (const sequence of [0, 9]) {
      const image = small()
      image.set(u32(sequence), firstHeader + 8)
      image.fill(0xee, firstHeader + 32, firstHeader + 48)
      const { ports } = memoryFiles({ [path]: resealVhdx(image) })
      const { links } = await inspectChain(path, ports)
      const uuid = sequence === 9 ? 'EEEEEEEE-EEEE-EEEE-EEEE-EEEEEEEEEEEE' : dataWriteGuid
      expect(links[0].facts.identity).toEqual({ kind: 'uuid', uuid })
    }
  })

  test('two headers with one number that differ are refused, equal ones are not', async () => {
    const image = small()
    image.set(u32(2), firstHeader + 8)
    expect(await problemsOf(resealVhdx(image))).toEqual([])
    image.fill(0xee, firstHeader + 32, firstHeader + 48)
    await expectRefused(resealVhdx(image), 'corrupt')
  })

  test('a region and an item of unknown kind that are not required are passed over', async () => {
    const image = small()
    for (const at of regionTablesAt) {
      image.set(u32(3), at + 8)
      image.set(strange, at + 16 + 64)
      image.set(u32(4 * mib), at + 16 + 64 + 16)
      image.set(u32(0), at + 16 + 64 + 24)
    }
    image.set(Uint8Array.of(6, 0), metadataAt + 10)
    image.set(strange, metadataAt + 32 + 5 * 32)
    expect(await problemsOf(resealVhdx(image))).toEqual([])
  })
})

test('no flipped bytes do worse than a coded error', async () => {
  const random = seededRandom(5)
  const places = [...headersAt, ...regionTablesAt, metadataAt, metadataAt + 64 * 1024, batAt]
  for (let round = 0; round < 300; round += 1) {
    const image = round % 2 === 0 ? small() : child()
    for (let flip = 0; flip < 4; flip += 1) {
      const place = places[random(places.length)] ?? 0
      image[place + random(160)] = random(256)
    }
    const { ports } = memoryFiles({ [path]: resealVhdx(image) })
    await inspectChain(path, ports, { format: 'vhdx' })
    try {
      await using chain = await openChain(path, ports, { format: 'vhdx' })
      const { disk } = chain
      for await (const { start } of disk.extents({ start: 0, end: Math.min(disk.virtualSize, 64 * mib) }))
        await disk.readInto(new Uint8Array(1), start)
    } catch (error) {
      expect(error).toBeInstanceOf(DiskError)
    }
  }
})
