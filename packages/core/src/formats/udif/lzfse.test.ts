import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeLzfse } from './lzfse.ts'
import { encodeLzfse } from './testing/encode-lzfse.ts'

const fromHex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/gu, ''), 'hex'))
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Streams that Apple's encoder made, from the tests of dissect.util and of Wax. */
const made = {
  lzvn: {
    packed: fromHex('6276786e2c01000013000000c803616263f0fff005e163060000000000000062767824'),
    size: 300,
    digest: sha256(new TextEncoder().encode('abc'.repeat(100))),
  },
  run: {
    packed: fromHex(`
      6276783200100000040000000003007000000000000c0050830000002490000ce7d75c030000005c03000000c04ff0937c0f
      00000000000000000000000000000000000000000000000000000000000000c0a30f00000000000000000000000000000000
      0000000000000000000000000000000000000000000000000000000000000000000000000000003456ff3f62767824`),
    size: 4096,
    digest: sha256(new Uint8Array(4096).fill(0x41)),
  },
  text: {
    packed: fromHex(`
      62767832df360000a401200e000d0030b92c8bef56220070a50000003984
      70085f00b0000000383e59c0f1090000005fc027710c0000fc031c1f03c7
      700cc70000000000000000006c00003600000000005f07000000e7000000
      00100060418004120000e06338f9061e8067629dacdf013e836fe041f807
      be80fd14fc0e3fc29f704700000000000000000000000000000000000000
      000000000000000000000000000000000000101288d24318d9f446277ac6
      885a4b5dea360854e4c4616262d667f9f1ff53187e598fe2f5ddf7b768f4
      bcc1f6441b9e55e0d1be84b4b91544337f11c4d0d615068c79817f5d19f2
      09c83975cf9669b7f3d1024d9cc795e8ac449090696a7660585fac1a891c
      40557bb46c1b62a35ab2608d574e82ba9f3956d0f811370c78d69b24240f
      fd80ec4eccb6dc1e7f1c6f2f276a71e9c73183844c3dce83088eeed6c77c
      3e35316f414db430fcd2e22d0c07998d601addd5907f852df080386fe69e
      b78675198704b4bf5361caaf482e9333c6de0d46fbf87b4387fc6ac57116
      0300000000000000000066b7fffffff3fffa3ff7ff1fd2273e1f85c5f04f
      0f4945ab8462767824`),
    size: 14_047,
    digest: '73d3dd96ca2e2f0144a117019256d770ee7c6febeaee09b24956c723ae22b529',
  },
}

describe.each(Object.entries(made))('LZFSE as Apple writes it: %s', (_, { packed, size, digest }) => {
  test('unpacks to what was packed, whatever follows', () => {
    const bytes = decodeLzfse(Buffer.concat([packed, Buffer.from('rest')]), size)
    expect(bytes.length).toBe(size)
    expect(sha256(bytes)).toBe(digest)
  })

  test('never to more than asked for', () => {
    expect(() => decodeLzfse(packed, size - 1)).toThrow(RangeError)
    expect(decodeLzfse(packed, size + 100).length).toBe(size)
  })

  test('cut anywhere it is refused', () => {
    for (let length = 0; length < packed.length; length += 1)
      expect(() => decodeLzfse(packed.subarray(0, length), size)).toThrow(RangeError)
  })

  test('any changed bit gives an error or bytes of the right number, at once', () => {
    for (let bit = 0; bit < packed.length * 8; bit += 1) {
      const damaged = Uint8Array.from(packed)
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      try {
        expect(decodeLzfse(damaged, size).length).toBeLessThanOrEqual(size)
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
      }
    }
  })
})

/** Bytes that repeat near and far, with runs and noise between. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 600 }).map((bytes) => ({ bytes, times: 1 })),
      fc.record({
        bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
        times: fc.integer({ min: 1, max: 400 }),
      }),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .chain((parts) =>
    fc
      .array(fc.nat(parts.length - 1), { minLength: 1, maxLength: 20 })
      .map((order) =>
        Buffer.concat(
          order.flatMap((index) =>
            Array.from({ length: parts[index]?.times ?? 0 }, () => parts[index]?.bytes ?? new Uint8Array(0)),
          ),
        ),
      ),
  )

describe.each(['plain', 'packed', 'lzvn', 'stored'] as const)('blocks of the kind %s', (kind) => {
  test('give back what was packed', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        const packed = encodeLzfse(bytes, kind)
        expect(Buffer.compare(decodeLzfse(packed, bytes.length), bytes)).toBe(0)
      }),
      { numRuns: 40 },
    )
  })

  test('damaged in places, they end in a RangeError or in no more bytes than asked for', () => {
    const change = fc.tuple(fc.nat(), fc.nat(255))
    fc.assert(
      fc.property(content, fc.array(change, { minLength: 1, maxLength: 5 }), (bytes, changes) => {
        const packed = Uint8Array.from(encodeLzfse(bytes, kind))
        for (const [at, value] of changes) packed[at % packed.length] = value
        try {
          expect(decodeLzfse(packed, bytes.length).length).toBeLessThanOrEqual(bytes.length)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
      { numRuns: 150 },
    )
  })
})

test('several kinds of blocks follow each other, and reach back into those before', () => {
  const bytes = Buffer.from('one two three '.repeat(5000))
  const withoutEnd = (packed: Uint8Array) => packed.subarray(0, packed.length - 4)
  const packed = Buffer.concat([
    withoutEnd(encodeLzfse(bytes, 'packed')),
    withoutEnd(encodeLzfse(bytes, 'stored')),
    withoutEnd(encodeLzfse(bytes, 'lzvn')),
    encodeLzfse(bytes, 'plain'),
  ])
  const expected = Buffer.concat([bytes, bytes, bytes, bytes])
  expect(Buffer.compare(decodeLzfse(packed, expected.length), expected)).toBe(0)
})

test.each([
  ['nothing', ''],
  ['an unknown mark', '62767878 00000000'],
  ['a stored block past the end', '6276782d ffffffff'],
  ['an LZVN block that copies from before the data', '6276786e 04000000 0b000000 0801 06 0000000000000000'],
  ['an LZVN code that means nothing', '6276786e 04000000 09000000 70 0600000000000000 62767824'],
  ['a header that says it is endless', `62767832 04000000 ${'00'.repeat(16)} ffffffff 00000000`],
])('hostile: %s', (_, hex) => {
  expect(() => decodeLzfse(fromHex(hex), 4096)).toThrow(RangeError)
})

test('noise never hangs', () => {
  fc.assert(
    fc.property(fc.constantFrom('-', '1', '2', 'n'), fc.uint8Array({ maxLength: 3000 }), (kind, noise) => {
      const packed = Buffer.concat([Buffer.from(`bvx${kind}`), noise])
      expect(() => decodeLzfse(packed, 65_536)).toThrow(RangeError)
    }),
  )
})
