import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { memoryFiles } from '../../testing/memory-files.ts'
import { checkImage } from '../../chain/check-image.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { crc32 } from '../../binary/crc32.ts'
import { decodeAdc } from './adc.ts'
import { encodeLzfse } from './testing/encode-lzfse.ts'
import { buildUdif, sectorsOf, type BuildOptions } from './testing/build-udif.ts'

const zlib = 0x8000_0005
const adc = 0x8000_0004

const good: BuildOptions = {
  sectors: 20,
  tables: [
    [
      { type: zlib, sector: 0, sectors: 4, data: deflateSync(sectorsOf(4, 7)) },
      { type: 0, sector: 4, sectors: 2 },
      { type: 1, sector: 6, sectors: 2, data: sectorsOf(2, 9) },
    ],
    [
      { type: 2, sector: 8, sectors: 2 },
      { type: 0x7fff_fffe, sector: 10, sectors: 0 },
      {
        type: adc,
        sector: 10,
        sectors: 1,
        data: Uint8Array.of(0x80, 5, 0x7f, 0, 0, 0x7f, 0, 0, ...adcRest()),
      },
      { type: zlib, sector: 11, sectors: 9, data: deflateSync(sectorsOf(9, 3)) },
    ],
  ],
}

/** Matches that fill the sector: 1 + 2 × 67 bytes are there, 377 are missing. */
function adcRest(): number[] {
  return [...Array.from({ length: 5 }, () => [0x7f, 0, 0]).flat(), 0x40 + 38, 0, 0]
}

function disk(): Uint8Array {
  const bytes = new Uint8Array(20 * 512)
  bytes.fill(7, 0, 4 * 512)
  bytes.fill(9, 6 * 512, 8 * 512)
  bytes.fill(5, 10 * 512, 11 * 512)
  return bytes.fill(3, 11 * 512)
}

const portsOf = (image: Uint8Array) => memoryFiles({ '/a.dmg': image })

describe('reading', () => {
  test.each(['packed', 'lzvn', 'plain', 'stored'] as const)(
    'a ULFO whose runs are %s LZFSE',
    async (kind) => {
      const lzfse = 0x8000_0007
      const tables = [0, 1, 2].map((index) => {
        const data = encodeLzfse(sectorsOf(8, index + 1), kind)
        return [{ type: lzfse, sector: index * 8, sectors: 8, data }]
      })
      await using chain = await openChain('/a.dmg', portsOf(buildUdif({ sectors: 24, tables })).ports)
      expect(chain.links[0]?.subformat).toBe('ULFO')
      const bytes = new Uint8Array(24 * 512)
      await chain.disk.readInto(bytes, 0)
      expect(Buffer.compare(bytes, Buffer.concat([1, 2, 3].map((fill) => sectorsOf(8, fill))))).toBe(0)
    },
  )

  test.each([1, 511, 512, 4096, 1024 ** 2])(
    '%i bytes behind the trailer are told, and no more',
    async (count) => {
      const padded = Buffer.concat([buildUdif(good), Buffer.alloc(count)])
      const { ports } = portsOf(padded)
      await using chain = await openChain('/a.dmg', ports)
      const bytes = new Uint8Array(chain.disk.virtualSize)
      await chain.disk.readInto(bytes, 0)
      expect(Buffer.compare(bytes, disk())).toBe(0)
      expect(chain.links[0]?.format).toBe('udif')
      const { problems } = await inspectChain('/a.dmg', ports)
      expect(problems).toMatchObject([{ id: 'udif-bytes-behind', severity: 'info' }])
      expect(problems[0]?.message).toContain(`${count} bytes`)
    },
  )

  test('a trailer that counts from elsewhere is that of a file inside a disk', async () => {
    const bytes = new Uint8Array(64 * 1024)
    bytes.set(buildUdif(good), 32 * 1024)
    await using chain = await openChain('/a.dmg', portsOf(bytes).ports)
    expect(chain.links[0]?.format).toBe('raw')
  })

  test('every kind of run, whole and in pieces', async () => {
    await using chain = await openChain('/a.dmg', portsOf(buildUdif(good)).ports)
    const expected = disk()
    const whole = new Uint8Array(expected.length)
    await chain.disk.readInto(whole, 0)
    expect(whole).toEqual(expected)
    for (let at = 0; at < expected.length; at += 331) {
      const part = new Uint8Array(Math.min(1000, expected.length - at))
      await chain.disk.readInto(part, at)
      expect(part).toEqual(expected.subarray(at, at + part.length))
    }
  })

  test('extents tell zeros from data', async () => {
    await using chain = await openChain('/a.dmg', portsOf(buildUdif(good)).ports)
    const found: [number, number, string][] = []
    for await (const { start, length, content } of chain.disk.extents({ start: 512, end: 19 * 512 })) {
      found.push([start / 512, length / 512, content])
    }
    expect(found).toEqual([
      [1, 3, 'data'],
      [4, 2, 'zero'],
      [6, 2, 'data'],
      [8, 2, 'zero'],
      [10, 9, 'data'],
    ])
  })

  test('what no table covers reads as zeros, and is said', async () => {
    const { ports } = portsOf(buildUdif({ ...good, sectors: 24 }))
    const { links, problems } = await inspectChain('/a.dmg', ports)
    expect(problems.map(({ id }) => id)).toEqual(['udif-uncovered'])
    expect(links[0].facts).toMatchObject({ subformat: 'UDCO + UDZO', virtualSize: 24 * 512 })
    await using chain = await openChain('/a.dmg', ports)
    const end = new Uint8Array(6 * 512)
    await chain.disk.readInto(end, 18 * 512)
    expect(end.subarray(1024).every((byte) => byte === 0) && end[0] === 3).toBe(true)
  })

  test('a data fork behind other bytes', async () => {
    const image = buildUdif({ ...good, trailer: { dataForkOffset: 0, dataForkLength: 0 } })
    await using chain = await openChain('/a.dmg', portsOf(image).ports)
    const whole = new Uint8Array(20 * 512)
    await chain.disk.readInto(whole, 0)
    expect(whole).toEqual(disk())
  })
})

describe('refused', () => {
  const run = { type: zlib, sector: 0, sectors: 20, data: deflateSync(sectorsOf(20, 1)) }
  const withRun = (change: object): BuildOptions => ({ sectors: 20, tables: [[{ ...run, ...change }]] })
  test.each<[string, BuildOptions, string]>([
    ['several segments', { ...good, trailer: { segmentCount: 2 } }, 'unsupported-feature'],
    ['another version', { ...good, trailer: { version: 5 } }, 'unsupported-feature'],
    [
      'block tables in a resource fork',
      { ...good, trailer: { xmlLength: 0, resourceForkLength: 99 } },
      'unsupported-feature',
    ],
    ['a property list past the end', { ...good, trailer: { xmlOffset: 1e9 } }, 'truncated'],
    ['a property list that is too long', { ...good, trailer: { xmlLength: 1e9 } }, 'limit-exceeded'],
    ['no property list', { ...good, xml: '<html><p>x</p></html>' }, 'corrupt'],
    [
      'a property list without tables',
      { ...good, xml: '<plist><dict><key>a</key><true/></dict></plist>' },
      'corrupt',
    ],
    ['entities', { ...good, xml: '<!DOCTYPE plist [<!ENTITY a "b">]><plist><dict/></plist>' }, 'corrupt'],
    ['a binary property list that is cut', { ...good, xml: 'bplist00' }, 'corrupt'],
    [
      'data that is not base64',
      { ...good, xml: '<plist><dict><key>a</key><data>!!</data></dict></plist>' },
      'corrupt',
    ],
    ['more runs than there are', { ...good, runCount: 50 }, 'truncated'],
    ['very many runs', { ...good, runCount: 0xffff_ffff }, 'limit-exceeded'],
    ['an unknown run', withRun({ type: 0x8000_0009 }), 'unsupported-feature'],
    ['bzip2 where there is no decoder', withRun({ type: 0x8000_0006 }), 'unsupported-feature'],
    ['a run past the end of the data', withRun({ at: 5000 }), 'corrupt'],
    ['a run with a huge place', withRun({ at: 2 ** 53 }), 'corrupt'],
    ['a raw run that is too short', withRun({ type: 1 }), 'corrupt'],
    [
      'a packed run that is too large',
      { sectors: 2 ** 20, tables: [[{ ...run, sectors: 2 ** 20 }]] },
      'limit-exceeded',
    ],
    ['runs past the end of the disk', { ...withRun({}), sectors: 19 }, 'corrupt'],
    ['two runs about one sector', { sectors: 40, tables: [[run], [{ ...run, sector: 19 }]] }, 'corrupt'],
  ])('%s', async (_, options, code) => {
    const { ports, open } = portsOf(buildUdif(options))
    await expect(openChain('/a.dmg', ports)).rejects.toMatchObject({ code })
    const { problems } = await inspectChain('/a.dmg', ports)
    expect(problems.map(({ id }) => id)).toEqual([code])
    expect(open.size).toBe(0)
  })

  test.each([
    ['is damaged', { data: new Uint8Array(60) }],
    ['holds less than it says', { sectors: 21 }],
    ['holds more than it says', { sectors: 19 }],
    ['is damaged ADC', { type: adc, data: Uint8Array.of(0x40, 0, 9) }],
  ])('a run that %s', async (_, change) => {
    const { ports } = portsOf(buildUdif({ ...withRun(change), sectors: 21 }))
    await using chain = await openChain('/a.dmg', ports)
    await expect(chain.disk.readInto(new Uint8Array(512), 0)).rejects.toMatchObject({
      code: 'decompression-failed',
    })
  })

  test.each([
    ['at its start', 'encrcdsa', 0],
    ['at its end', 'cdsaencr', 1016],
  ])('an encrypted image, by the mark %s', async (_, mark, at) => {
    const bytes = new Uint8Array(1024)
    bytes.set(new TextEncoder().encode(mark), at)
    await expect(openChain('/a.dmg', portsOf(bytes).ports)).rejects.toMatchObject({ code: 'encrypted' })
  })

  test('any byte of trailer and tables changed: coded errors only, and inspection never throws', async () => {
    const image = buildUdif(good)
    for (let at = 0; at < image.length; at += image.length - at > 512 ? 61 : 1) {
      const damaged = Uint8Array.from(image)
      damaged[at] = (damaged[at] ?? 0) ^ 0x41
      const { ports } = portsOf(damaged)
      await inspectChain('/a.dmg', ports)
      const read = async () => {
        await using chain = await openChain('/a.dmg', ports)
        await chain.disk.readInto(new Uint8Array(Math.min(1e5, chain.disk.virtualSize)), 0)
      }
      await read().catch((error: unknown) => expect(error).toMatchObject({ name: 'DiskError' }))
    }
  })
})

describe('ADC', () => {
  test('literals, matches of two and of three bytes, matches into themselves', () => {
    const packed = Uint8Array.of(0x82, 1, 2, 3, 0x00, 2, 0x44, 0, 0, 0x80, 9)
    expect([...decodeAdc(packed, 100)]).toEqual([1, 2, 3, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 9])
  })

  test.each([
    ['a code cut short', [0x40, 1]],
    ['literals cut short', [0x85, 1]],
    ['a match before the data', [0x80, 1, 0x00, 1]],
    ['more than asked for', [0x80, 1, 0x7f, 0, 0]],
  ])('%s is refused', (_, bytes) => {
    expect(() => decodeAdc(Uint8Array.from(bytes), 20)).toThrow(RangeError)
  })
})

test('a check compares the checksums of the data and of the block tables', async () => {
  const image = buildUdif(good)
  const forkLength = new DataView(image.buffer).getUint32(image.length - 512 + 36)
  const dataChecksum = crc32(image.subarray(0, forkLength))
  const checked = async (bytes: Uint8Array) => {
    const { ports } = memoryFiles({ '/a.dmg': bytes })
    const { report } = await checkImage('/a.dmg', ports)
    return { ids: report.findings.map(({ id }) => id), checked: report.checked }
  }
  expect(await checked(image)).toEqual({ ids: [], checked: ['trailer', 'block tables'] })
  const summed = buildUdif({ ...good, trailer: { dataChecksumType: 2, dataChecksum } })
  expect(await checked(summed)).toEqual({
    ids: [],
    checked: ['trailer', 'block tables', 'checksum of the data'],
  })
  const changed = summed.slice()
  changed[forkLength - 1] = 0xaa ^ (changed[forkLength - 1] ?? 0)
  expect((await checked(changed)).ids).toEqual(['udif-data-checksum'])
})
