import { describe, expect, test } from 'vitest'
import type { ByteSource } from '../../binary/byte-source.ts'
import { memorySource } from '../../binary/byte-source.ts'
import { memoryFiles } from '../../testing/memory-files.ts'
import { checkImage } from '../../chain/check-image.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { asifHeader, type AsifHeader } from './header.ts'

const chunk = 64 * 1024
const blockSize = 512
const groupLength = 4 * blockSize
const header: AsifHeader = {
  signature: 'shdw',
  version: 1,
  headerSize: 512,
  flags: 0,
  directoryA: 512,
  directoryB: 1024,
  uuid: Uint8Array.from({ length: 16 }, (_, index) => index),
  sectorCount: (2100 * chunk) / blockSize,
  maxSectorCount: 2 ** 40,
  chunkSize: chunk,
  blockSize,
  segments: 0,
  metadataChunk: 0,
}

interface Built {
  readonly header?: Partial<AsifHeader>
  readonly sequences?: readonly [number, number]
  /** Entries of the table by the chunk of the disk; both flags are set as after a clean unmount. */
  readonly entries?: Readonly<Record<number, bigint>>
  readonly table?: bigint
  /** Where the directory puts the second table; nowhere when not said. */
  readonly secondTable?: bigint
}

const twoTables = { sectorCount: (2 * 3 * groupLength * chunk) / blockSize }
const clean = 0xc000_0000_0000_0000n

/** File chunk 1 is the first table, chunk 2 the second, 3 and 4 hold threes and fours. */
function build({
  header: change = {},
  sequences = [1, 2],
  entries = {},
  table = 1n,
  secondTable = 0n,
}: Built = {}): ByteSource {
  const bytes = new Uint8Array(5 * chunk)
  bytes.set(asifHeader.write({ ...header, ...change }))
  const view = new DataView(bytes.buffer)
  view.setBigUint64(512, BigInt(sequences[0]))
  view.setBigUint64(1024, BigInt(sequences[1]))
  // A group of 64 KiB chunks is 2048 entries and one of a bitmap: three fit a table.
  view.setBigUint64(1024 + 8, table)
  view.setBigUint64(1024 + 16, secondTable)
  view.setBigUint64(512 + 8, 2n)
  for (const [index, entry] of Object.entries(entries)) {
    const at = Number(index) + Math.floor(Number(index) / groupLength)
    view.setBigUint64(chunk + at * 8, entry)
  }
  bytes.fill(3, 3 * chunk, 4 * chunk).fill(4, 4 * chunk)
  return memorySource(bytes, '/a.asif')
}

const portsOf = (source: ByteSource) => memoryFiles({ '/a.asif': source }).ports

async function byteAt(source: ByteSource, index: number): Promise<number | undefined> {
  await using chain = await openChain('/a.asif', portsOf(source))
  const bytes = new Uint8Array(1)
  await chain.disk.readInto(bytes, index * chunk + 5)
  return bytes[0]
}

describe('ASIF', () => {
  test('chunks are found through the newer directory, across the bitmap entries between groups', async () => {
    const image = build({ entries: { 0: clean | 4n, 2047: clean | 3n, 2048: clean | 4n } })
    expect(await Promise.all([0, 1, 2047, 2048, 2099].map((index) => byteAt(image, index)))).toEqual([
      4, 0, 3, 4, 0,
    ])
    const older = build({ sequences: [3, 2], entries: { 0: clean | 4n } })
    expect(await byteAt(older, 0)).toBe(0)
  })

  test('its facts are those of the header', async () => {
    const { links, problems } = await inspectChain('/a.asif', portsOf(build()))
    expect(problems).toEqual([])
    expect(links[0].facts).toMatchObject({
      format: 'asif',
      virtualSize: 2100 * chunk,
      clusterSize: chunk,
      identity: { kind: 'uuid', uuid: '00010203-0405-0607-0809-0a0b0c0d0e0f' },
    })
  })

  test.each<[string, Built, string]>([
    ['another version', { header: { version: 2 } }, 'unsupported-feature'],
    ['a chunk that is no power of two', { header: { chunkSize: 100_000 } }, 'corrupt'],
    ['a huge chunk', { header: { chunkSize: 2 ** 31 } }, 'corrupt'],
    ['a block of another size', { header: { blockSize: 1000 } }, 'corrupt'],
    ['a chunk without room for a group', { header: { blockSize: 4096 } }, 'corrupt'],
    ['a directory past the end', { header: { directoryB: 2 ** 40 } }, 'truncated'],
    ['a size beyond 2^53', { header: { sectorCount: 2 ** 50 } }, 'corrupt'],
    ['very many tables', { header: { sectorCount: 2 ** 43 } }, 'limit-exceeded'],
    ['a table past the end', { table: 9n }, 'corrupt'],
    ['one table for two parts of the disk', { header: twoTables, secondTable: 1n }, 'corrupt'],
  ])('%s is refused', async (_, change, code) => {
    const ports = portsOf(build(change))
    await expect(openChain('/a.asif', ports)).rejects.toMatchObject({ code })
    expect((await inspectChain('/a.asif', ports)).problems.map(({ id }) => id)).toEqual([code])
  })

  test.each([
    ['past the end of the file', clean | 5n],
    ['with reserved bits', clean | 3n | (1n << 60n)],
    ['with the largest chunk', clean | ((1n << 55n) - 1n)],
  ])('an entry %s is refused', async (_, entry) => {
    await expect(byteAt(build({ entries: { 0: entry } }), 0)).rejects.toMatchObject({ code: 'corrupt' })
  })
})

test('a check finds chunks past the end, on each other and on a table', async () => {
  const checked = async (entries: Readonly<Record<number, bigint>>) => {
    const { report } = await checkImage('/a.asif', portsOf(build({ entries })))
    return { ids: report.findings.map(({ id }) => id), ...report.totals }
  }
  expect(await checked({ 0: clean | 3n, 2049: clean | 4n })).toMatchObject({
    ids: [],
    allocatedBytes: 2 * chunk,
  })
  expect((await checked({ 0: clean | 3n, 7: clean | 3n })).ids).toEqual(['asif-overlap'])
  expect((await checked({ 0: clean | 1n })).ids).toEqual(['asif-overlap'])
  // Neighbours are one finding.
  expect(await checked({ 0: clean | 5n, 1: clean | 6n, 2: clean | 3n })).toMatchObject({
    ids: ['asif-beyond-file'],
    corruptions: 2,
  })
  const { report } = await checkImage('/a.asif', portsOf(build({ entries: { 2050: clean | 9n } })))
  expect(report.findings[0]?.offset).toBe(chunk + 2051 * 8)
})
