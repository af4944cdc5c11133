import { describe, expect, test } from 'vitest'
import { memoryFiles } from '../../testing/memory-files.ts'
import { checkImage } from '../../chain/check-image.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { headerBlock, sparseHeader } from './header.ts'

const band = 1024

interface Built {
  readonly sectors?: number
  readonly sectorsPerBand?: number
  readonly version?: number
  /** Band of the disk, counted from 1, for each band of the file. */
  readonly table?: readonly number[]
  /** Bands that are there. */
  readonly present?: number
}

/** Each band of the file is filled with its place, counted from 1. */
function build({
  sectors = 9,
  sectorsPerBand = 2,
  version = 3,
  table = [3, 1],
  present = 2,
}: Built = {}): Uint8Array {
  const bytes = new Uint8Array(headerBlock + present * band)
  bytes.set(sparseHeader.write({ signature: 'sprs', version, sectorsPerBand, flags: 1, sectors }))
  const view = new DataView(bytes.buffer)
  table.forEach((number, index) => view.setUint32(64 + index * 4, number))
  for (let index = 0; index < present; index += 1) {
    bytes.fill(index + 1, headerBlock + index * band, headerBlock + (index + 1) * band)
  }
  return bytes
}

const portsOf = (image: Uint8Array) => memoryFiles({ '/a.sparseimage': image }).ports

describe('sparse images', () => {
  test('bands lie in the order in which they were written', async () => {
    await using chain = await openChain('/a.sparseimage', portsOf(build()))
    const bytes = new Uint8Array(9 * 512)
    await chain.disk.readInto(bytes, 0)
    expect([0, 1, 2, 3, 4].map((index) => bytes[index * band])).toEqual([2, 0, 1, 0, 0])
    const found: string[] = []
    for await (const { length, content } of chain.disk.extents({ start: 0, end: 1e9 }))
      found.push(`${length} ${content}`)
    expect(found).toEqual(['1024 data', '1024 absent', '1024 data', '1536 absent'])
  })

  test('the last band may end with the disk', async () => {
    const image = build({ table: [5], present: 1 }).subarray(0, headerBlock + 512)
    await using chain = await openChain('/a.sparseimage', portsOf(image))
    const bytes = new Uint8Array(512)
    await chain.disk.readInto(bytes, 8 * 512)
    expect(bytes).toEqual(new Uint8Array(512).fill(1))
  })

  test.each<[string, Built, string]>([
    ['another version', { version: 2 }, 'unsupported-feature'],
    ['a band of nothing', { sectorsPerBand: 0 }, 'corrupt'],
    ['a huge band', { sectorsPerBand: 0xffff_ffff }, 'corrupt'],
    ['more bands than fit the header', { sectors: 2017 }, 'unsupported-feature'],
    ['a band past the end of the disk', { table: [6] }, 'corrupt'],
    ['a band named twice', { table: [2, 2] }, 'corrupt'],
    ['a band past the end of the file', { table: [1, 2, 3] }, 'corrupt'],
  ])('%s is refused', async (_, change, code) => {
    const ports = portsOf(build(change))
    await expect(openChain('/a.sparseimage', ports)).rejects.toMatchObject({ code })
    expect((await inspectChain('/a.sparseimage', ports)).problems.map(({ id }) => id)).toEqual([code])
  })

  test('a header cut short is refused', async () => {
    await expect(openChain('/a.sparseimage', portsOf(build().subarray(0, 300)))).rejects.toMatchObject({
      code: 'truncated',
    })
  })
})

test('a check counts bands, and what no band uses', async () => {
  const whole = await checkImage('/a.sparseimage', portsOf(build()))
  expect(whole.report).toMatchObject({ isComplete: true, findings: [], totals: { allocatedBytes: 2 * band } })
  const { report } = await checkImage('/a.sparseimage', portsOf(build({ present: 4 })))
  expect(report.findings.map(({ id }) => id)).toEqual(['sparseimage-unused'])
  expect(report.totals).toMatchObject({ leakedBytes: 2 * band, leaks: 1, corruptions: 0 })
  const damaged = await checkImage('/a.sparseimage', portsOf(build({ table: [3, 3] })))
  expect(damaged.report).toMatchObject({ isComplete: false, totals: { corruptions: 1 } })
})
