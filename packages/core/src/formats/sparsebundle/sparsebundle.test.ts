import { describe, expect, test } from 'vitest'
import { memoryFiles } from '../../testing/memory-files.ts'
import { checkImage } from '../../chain/check-image.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'

const band = 1024

function info(change: Readonly<Record<string, string>> = {}): Uint8Array {
  const values = {
    CFBundleInfoDictionaryVersion: '<string>6.0</string>',
    'band-size': `<integer>${band}</integer>`,
    'bundle-backingstore-version': '<integer>1</integer>',
    'diskimage-bundle-type': '<string>com.apple.diskimage.sparsebundle</string>',
    size: `<integer>${17 * band + 512}</integer>`,
    ...change,
  }
  const entries = Object.entries(values).map(([key, value]) => `<key>${key}</key>${value}`)
  return new TextEncoder().encode(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>${entries.join('')}</dict></plist>`)
}

const bands = {
  '/a.sparsebundle/token': new Uint8Array(0),
  '/a.sparsebundle/bands/0': new Uint8Array(band).fill(1),
  '/a.sparsebundle/bands/a': new Uint8Array(100).fill(10),
  '/a.sparsebundle/bands/11': new Uint8Array(band).fill(17),
  '/a.sparsebundle/bands/12': new Uint8Array(band).fill(18),
  '/a.sparsebundle/bands/01': new Uint8Array(band).fill(99),
  '/a.sparsebundle/bands/.DS_Store': new Uint8Array(band).fill(99),
}

describe('sparse bundles', () => {
  test('missing bands and the end of short ones are zeros; every band is known', async () => {
    const { ports, open } = memoryFiles({ '/a.sparsebundle/Info.plist': info(), ...bands })
    for (const path of ['/a.sparsebundle', '/a.sparsebundle/Info.plist']) {
      await using chain = await openChain(path, ports)
      const expected = new Uint8Array(17 * band + 512)
      expected
        .fill(1, 0, band)
        .fill(10, 10 * band, 10 * band + 100)
        .fill(17, 17 * band)
      const bytes = new Uint8Array(expected.length).fill(255)
      await chain.disk.readInto(bytes, 0)
      expect(bytes).toEqual(expected)
      const found: string[] = []
      for await (const { start, content } of chain.disk.extents({ start: 0, end: 1e9 }))
        found.push(`${start} ${content}`)
      expect(found).toEqual([
        '0 data',
        `${band} absent`,
        `${10 * band} data`,
        `${10 * band + 100} absent`,
        `${17 * band} data`,
      ])
      expect(chain.files.map((file) => file.path)).toEqual([
        '/a.sparsebundle/Info.plist',
        '/a.sparsebundle/bands/0',
        '/a.sparsebundle/bands/a',
        '/a.sparsebundle/bands/11',
      ])
      expect(chain.links[0]).toMatchObject({
        format: 'sparsebundle',
        fileSize: info().length + 2 * band + 100,
      })
    }
    expect(open.size).toBe(0)
  })

  test('many bands are read with few files open', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [
        `/a.sparsebundle/bands/${index.toString(16)}`,
        new Uint8Array(band).fill(index),
      ]),
    )
    const size = `<integer>${200 * band}</integer>`
    const { ports, open } = memoryFiles({ '/a.sparsebundle/Info.plist': info({ size }), ...many })
    await using chain = await openChain('/a.sparsebundle', ports)
    let mostOpen = 0
    const read = async (index: number) => {
      const bytes = new Uint8Array(band)
      await chain.disk.readInto(bytes, index * band)
      expect(bytes).toEqual(new Uint8Array(band).fill(index))
      mostOpen = Math.max(mostOpen, open.size)
    }
    for (let index = 0; index < 200; index += 4)
      await Promise.all([0, 1, 2, 3].map((step) => read(index + step)))
    expect(mostOpen).toBeLessThanOrEqual(70)
    await chain[Symbol.asyncDispose]()
    expect(open.size).toBe(0)
  })

  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['no band size', { 'band-size': '<string>x</string>' }, 'corrupt'],
    ['a band size of nothing', { 'band-size': '<integer>0</integer>' }, 'corrupt'],
    ['half a sector as band size', { 'band-size': '<integer>700</integer>' }, 'corrupt'],
    ['a negative size', { size: '<integer>-1</integer>' }, 'corrupt'],
    ['very many bands', { size: '<integer>9007199254740991</integer>' }, 'limit-exceeded'],
    ['a size beyond 2^53', { size: '<integer>18446744073709551615</integer>' }, 'corrupt'],
  ])('%s is refused', async (_, change, code) => {
    const { ports, open } = memoryFiles({ '/a.sparsebundle/Info.plist': info(change), ...bands })
    await expect(openChain('/a.sparsebundle', ports)).rejects.toMatchObject({ code })
    expect((await inspectChain('/a.sparsebundle', ports)).problems.map(({ id }) => id)).toEqual([code])
    expect(open.size).toBe(0)
  })

  test('an encrypted bundle is refused', async () => {
    const files = {
      '/a.sparsebundle/Info.plist': info(),
      ...bands,
      '/a.sparsebundle/token': new Uint8Array(9),
    }
    await expect(openChain('/a.sparsebundle', memoryFiles(files).ports)).rejects.toMatchObject({
      code: 'encrypted',
    })
  })
})

test('a check finds bands that are too long, past the end, and files that are no bands', async () => {
  const path = '/a.sparsebundle'
  const { ports } = memoryFiles({ [`${path}/Info.plist`]: info(), ...bands })
  const { report } = await checkImage(path, ports)
  expect(report.findings.map(({ id, kind }) => `${kind} ${id}`).toSorted()).toEqual([
    'leak sparsebundle-band-beyond',
    'remark sparsebundle-stray-file',
    'remark sparsebundle-stray-file',
  ])
  expect(report.totals).toMatchObject({ allocatedBytes: 2 * band + 100, leakedBytes: band })
  const long = memoryFiles({
    [`${path}/Info.plist`]: info(),
    [`${path}/bands/0`]: new Uint8Array(band + 7),
  })
  expect((await checkImage(path, long.ports)).report).toMatchObject({
    findings: [{ id: 'sparsebundle-long-band' }],
    totals: { leakedBytes: 7 },
  })
})
