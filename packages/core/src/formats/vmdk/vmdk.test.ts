import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ByteSource } from '../../binary/byte-source.ts'
import { isZero } from '../../binary/zero-scan.ts'
import { sameBytes } from '../../digest/disk-digest.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { isBlocking } from '../../problems/problem.ts'
import { memoryFiles } from '../../testing/memory-files.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import {
  buildVmdk,
  descriptorText,
  grain,
  grainBytes,
  grainSectors,
  type VmdkRecipe,
} from './testing/build-vmdk.ts'

const path = '/lib/x.vmdk'

async function readAll(disk: DiskReader): Promise<Uint8Array> {
  const bytes = new Uint8Array(disk.virtualSize).fill(0xee)
  await disk.readInto(bytes, 0)
  return bytes
}

async function contentOf(image: Uint8Array | ByteSource): Promise<Uint8Array> {
  await using chain = await openChain(path, memoryFiles({ [path]: image }).ports)
  return await readAll(chain.disk)
}

async function problemIds(image: Uint8Array): Promise<string[]> {
  const { problems } = await inspectChain(path, memoryFiles({ [path]: image }).ports)
  return problems.map(({ id }) => id)
}

/** What a recipe's grains say, byte by byte. */
function expected({ sectors = 64 * grainSectors, grains = {} }: VmdkRecipe): Uint8Array {
  const bytes = new Uint8Array(sectors * 512)
  for (const [index, content] of Object.entries(grains)) {
    if (content !== 'zero')
      bytes.set(content.subarray(0, bytes.length - Number(index) * grainBytes), Number(index) * grainBytes)
  }
  return bytes
}

const mixed: VmdkRecipe = {
  grains: { 0: grain(1), 1: grain(2), 2: 'zero', 3: 'zero', 7: grain(3), 8: grain(4), 63: grain(5) },
}

describe('reading', () => {
  test.each([
    ['plain', mixed],
    ['compressed', { ...mixed, isCompressed: true }],
    ['compressed with a footer', { ...mixed, isCompressed: true, hasFooter: true }],
    [
      'of two tables',
      { sectors: 600 * grainSectors, grains: { 511: grain(1), 512: grain(2), 599: grain(3) } },
    ],
    ['whose last grain is cut', { sectors: 9 * grainSectors + 3, grains: { 9: grain(6, 3 * 512) } }],
    [
      'compressed, whose last grain is cut',
      { sectors: 9 * grainSectors + 3, grains: { 9: grain(6, 3 * 512) }, isCompressed: true },
    ],
    ['empty', {}],
  ] satisfies [string, VmdkRecipe][])('%s', async (_name, recipe) => {
    const image = buildVmdk(recipe)
    expect(await problemIds(image)).toEqual([])
    expect(sameBytes(await contentOf(image), expected(recipe))).toBe(true)
  })

  test('any part of it, and extents that agree', async () => {
    for (const isCompressed of [false, true]) {
      await using chain = await openChain(
        path,
        memoryFiles({ [path]: buildVmdk({ ...mixed, isCompressed }) }).ports,
      )
      const whole = expected(mixed)
      await fc.assert(
        fc.asyncProperty(fc.nat(whole.length), fc.nat(whole.length), async (a, b) => {
          const [start, end] = [Math.min(a, b), Math.max(a, b)]
          const target = new Uint8Array(end - start).fill(0xee)
          await chain.disk.readInto(target, start)
          expect(sameBytes(target, whole.subarray(start, end))).toBe(true)
          let at = start
          for await (const extent of chain.disk.extents({ start, end })) {
            expect(extent.start).toBe(at)
            at += extent.length
            if (extent.content !== 'data') {
              expect(isZero(whole, { start: extent.start, end: at })).toBe(true)
            }
          }
          expect(at).toBe(end)
        }),
        { numRuns: 200 },
      )
    }
  })

  test('absent, zero and data are told apart', async () => {
    await using chain = await openChain(path, memoryFiles({ [path]: buildVmdk(mixed) }).ports)
    const contents: [number, string][] = []
    for await (const { start, content } of chain.disk.extents({ start: 0, end: chain.disk.virtualSize })) {
      contents.push([start / grainBytes, content])
    }
    expect(contents).toEqual([
      [0, 'data'],
      [2, 'zero'],
      [4, 'absent'],
      [7, 'data'],
      [9, 'absent'],
      [63, 'data'],
    ])
  })

  test('grains that follow each other are one read', async () => {
    const grains = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [i, grain(i)]))
    for (const isCompressed of [false, true]) {
      const { source, reads } = countingSource(buildVmdk({ grains, isCompressed }))
      await using chain = await openChain(path, memoryFiles({ [path]: source }).ports)
      await readAll(chain.disk)
      reads.length = 0
      await readAll(chain.disk)
      expect(reads).toHaveLength(1)
    }
  })
})

describe('descriptors', () => {
  const sectors = 16
  const flat = new Uint8Array(20 * 512).map((_, i) => i % 253)
  const descriptor = (text: string) => new TextEncoder().encode(text)

  test('flat extents with offset, zero extents, CRLF, capitals, blanks', async () => {
    const text = [
      '# DISK DescriptorFile',
      ' VERSION = 1 ',
      'cid=A1',
      'ParentCID=FFFFFFFF',
      'createtype="custom"',
      'RW 4 FLAT "x-flat.vmdk" 2',
      '\tRDONLY  8   ZERO',
      'rw 4 vmfs "sub/y-flat.vmdk"',
    ].join('\r\n')
    const files = memoryFiles({
      [path]: descriptor(text),
      '/lib/x-flat.vmdk': flat,
      '/lib/sub/y-flat.vmdk': flat,
    })
    await using chain = await openChain(path, files.ports)
    expect(chain.files.map((file) => file.path)).toEqual([path, '/lib/x-flat.vmdk', '/lib/sub/y-flat.vmdk'])
    const bytes = new Uint8Array(sectors * 512)
    bytes.set(flat.subarray(1024, 1024 + 2048))
    bytes.set(flat.subarray(0, 2048), 12 * 512)
    expect(await readAll(chain.disk)).toEqual(bytes)
    const { links } = await inspectChain(path, files.ports)
    expect(links[0].facts).toMatchObject({
      subformat: 'custom',
      identity: { kind: 'content-id', cid: '000000a1' },
      parent: null,
      parts: ['x-flat.vmdk', 'sub/y-flat.vmdk'],
    })
  })

  test('a name in the encoding that the descriptor says', async () => {
    const text = 'version=1\nencoding="windows-1252"\nRW 4 FLAT "f\u00fcr-flat.vmdk" 0\n'
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
    const { ports } = memoryFiles({ [path]: bytes, '/lib/für-flat.vmdk': flat })
    await using chain = await openChain(path, ports)
    expect(chain.disk.virtualSize).toBe(2048)
  })

  test.each([
    ['no version', 'CID=1\nRW 4 ZERO\n', 'corrupt'],
    ['no extents', 'version=1\n', 'corrupt'],
    ['version to come', 'version=9\nRW 4 ZERO\n', 'unsupported-feature'],
    ['a CID that is none', 'version=1\nCID=xyz\nRW 4 ZERO\n', 'corrupt'],
    ['an extent line that is none', 'version=1\nRW lots ZERO\n', 'corrupt'],
    ['an extent without file', 'version=1\nRW 4 FLAT\n', 'corrupt'],
    ['too large an extent', 'version=1\nRW 9007199254740992 ZERO\n', 'limit-exceeded'],
    ['extents too large in sum', `version=1\n${'RW 17592186044415 ZERO\n'.repeat(2)}`, 'limit-exceeded'],
    ['too many extents', `version=1\n${'RW 1 ZERO\n'.repeat(4097)}`, 'limit-exceeded'],
    ['a missing part', 'version=1\nRW 4 FLAT "gone.vmdk" 0\n', 'extent-file-missing'],
    ['a part behind a driver', 'version=1\nRW 4 FLAT "nbd:host:1" 0\n', 'reference-refused'],
    ['a part that is too short', 'version=1\nRW 40 FLAT "x-flat.vmdk" 0\n', 'truncated'],
    ['a part that is not sparse', 'version=1\nRW 4 SPARSE "x-flat.vmdk"\n', 'corrupt'],
    ['a device', 'version=1\ncreateType="fullDevice"\nRW 4 FLAT "x-flat.vmdk" 0\n', 'unsupported-feature'],
    ['a raw device mapping', 'version=1\nRW 4 VMFSRDM "x-flat.vmdk"\n', 'unsupported-feature'],
    ['extents without access', 'version=1\nNOACCESS 4 ZERO\n', 'unsupported-feature'],
    ['encryption', 'version=1\nencryption.keySafe = "vmware:key/list/(pair)"\n', 'encrypted'],
  ])('%s is refused', async (_what, text, code) => {
    const { ports, open } = memoryFiles({
      [path]: descriptor(`# Disk DescriptorFile\n${text}`),
      '/lib/x-flat.vmdk': flat,
    })
    await expect(openChain(path, ports)).rejects.toMatchObject({ code })
    const { problems } = await inspectChain(path, ports)
    expect(problems.filter(isBlocking).map(({ id }) => id)).toContain(code)
    expect([...open]).toEqual([])
  })

  test('a descriptor of more than 1 MiB', async () => {
    const bytes = descriptor(`# Disk DescriptorFile\nversion=1\nRW 4 ZERO\n${'#'.repeat(1024 * 1024)}`)
    await expect(contentOf(bytes)).rejects.toMatchObject({ code: 'limit-exceeded' })
  })

  test.each(['\n', ' ', '\r', '#', '=', 'RW ', '"', 'encoding'])(
    'a descriptor full of %j',
    async (filler) => {
      const room = 1024 * 1024 - 64
      const bytes = descriptor(`# Disk DescriptorFile\n${filler.repeat(Math.floor(room / filler.length))}`)
      await expect(contentOf(bytes)).rejects.toMatchObject({ code: 'corrupt' })
    },
  )

  test('the parent is tried as written, with slashes, and beside the child', async () => {
    const text = 'version=1\nCID=1\nparentCID=00000002\nparentFileNameHint="C:\\vm\\base.vmdk"\nRW 4 ZERO\n'
    const base = 'version=1\nCID=2\nRW 4 FLAT "x-flat.vmdk" 0\n'
    const { ports } = memoryFiles({
      [path]: descriptor(text),
      '/lib/base.vmdk': descriptor(base),
      '/lib/x-flat.vmdk': flat,
    })
    await using chain = await openChain(path, ports)
    expect(chain.links.map((link) => link.path)).toEqual([path, '/lib/base.vmdk'])
  })
})

describe('hostile and damaged headers', () => {
  const huge = 2 ** 43
  test.each([
    ['version 4', { version: 4 }, 'unsupported-feature'],
    ['a grain of 3 sectors', { grainSize: 3 }, 'corrupt'],
    ['a grain of 24 sectors', { grainSize: 24 }, 'corrupt'],
    ['a grain of 2^22 sectors', { grainSize: 2 ** 22 }, 'corrupt'],
    ['no grain size', { grainSize: 0 }, 'corrupt'],
    ['tables without entries', { numGTEsPerGT: 0 }, 'corrupt'],
    ['tables of too many entries', { numGTEsPerGT: 513 }, 'corrupt'],
    ['a disk of 2^43 sectors', { capacity: huge }, 'limit-exceeded'],
    ['a disk of more than 2^53 bytes', { capacity: Number.MAX_SAFE_INTEGER }, 'limit-exceeded'],
    ['less than the descriptor says', { capacity: 8 }, 'corrupt'],
    ['a grain more than the descriptor says', { capacity: 65 * grainSectors }, 'corrupt'],
    ['both directories past the end', { gdOffset: huge, rgdOffset: huge }, 'truncated'],
    ['a directory offset that overflows', { gdOffset: Number.MAX_SAFE_INTEGER }, 'limit-exceeded'],
    ['a descriptor past the end', { descriptorOffset: huge }, 'truncated'],
    ['a descriptor of 2^43 sectors', { descriptorSize: huge }, 'limit-exceeded'],
    ['line ends changed in transit', { newlineTest: Uint8Array.of(0x0a, 0x20, 0x0a, 0x0a) }, 'corrupt'],
    ['compression of another kind', { flags: 0x3_0003, compressAlgorithm: 2 }, 'unsupported-feature'],
    ['compression without markers', { flags: 0x1_0003, compressAlgorithm: 1 }, 'unsupported-feature'],
    ['a zero grain without the flag', { flags: 3 }, 'corrupt'],
    [
      'a compressed grain of 1 GiB',
      { flags: 0x3_0003, compressAlgorithm: 1, grainSize: 2 ** 21, capacity: 2 ** 21 },
      'limit-exceeded',
    ],
  ] satisfies [string, VmdkRecipe['header'], string][])('%s', async (_what, header, code) => {
    const image = buildVmdk({ ...mixed, header })
    await expect(contentOf(image)).rejects.toMatchObject({ code })
  })

  test('a damaged directory is replaced by its second copy, and said so', async () => {
    const image = buildVmdk(mixed)
    new DataView(image.buffer).setUint32(4 * 512, 0xffff_fff0, true)
    expect(await problemIds(image)).toEqual(['vmdk-redundant-directory-used'])
    expect(await contentOf(image)).toEqual(expected(mixed))
    new DataView(image.buffer).setUint32(5 * 512, 0xffff_fff0, true)
    await expect(contentOf(image)).rejects.toMatchObject({ code: 'corrupt' })
  })

  test('an image that was not closed is read, and said so', async () => {
    const image = buildVmdk({ ...mixed, header: { uncleanShutdown: 1 } })
    expect(await problemIds(image)).toEqual(['vmdk-unclean-shutdown'])
    expect(await contentOf(image)).toEqual(expected(mixed))
  })

  test('a grain past the end of the file: its bytes and its extent are refused', async () => {
    const image = buildVmdk(mixed)
    new DataView(image.buffer).setUint32(6 * 512 + 7 * 4, 0x00ff_ffff, true)
    await expect(contentOf(image)).rejects.toMatchObject({ code: 'truncated' })
    await using chain = await openChain(path, memoryFiles({ [path]: image }).ports)
    await expect(drain(chain.disk)).rejects.toMatchObject({ code: 'truncated' })
  })

  test('a compressed grain of another place', async () => {
    const image = buildVmdk({ grains: { 0: grain(1), 1: grain(2) }, isCompressed: true })
    const view = new DataView(image.buffer)
    const [first, second] = [view.getUint32(6 * 512, true), view.getUint32(6 * 512 + 4, true)]
    view.setUint32(6 * 512, second, true)
    view.setUint32(6 * 512 + 4, first, true)
    await expect(contentOf(image)).rejects.toMatchObject({ code: 'corrupt' })
  })

  test.each([
    [
      'damaged data',
      (image: Uint8Array, at: number) => image.fill(0xff, at + 12, at + 40),
      'decompression-failed',
    ],
    ['a size of zero', (image: Uint8Array, at: number) => image.fill(0, at + 8, at + 12), 'corrupt'],
    ['a size beyond reason', (image: Uint8Array, at: number) => image.fill(0xff, at + 8, at + 12), 'corrupt'],
  ] as const)('a compressed grain with %s', async (_what, damage, code) => {
    const image = buildVmdk({ grains: { 0: grain(1) }, isCompressed: true })
    damage(image, new DataView(image.buffer).getUint32(6 * 512, true) * 512)
    await expect(contentOf(image)).rejects.toMatchObject({ code })
  })

  test('a compressed grain that unpacks to less than a grain', async () => {
    const image = buildVmdk({ grains: { 0: grain(1, 100) }, isCompressed: true })
    await expect(contentOf(image)).rejects.toMatchObject({ code: 'decompression-failed' })
  })

  test('a compressed grain that unpacks to more than a grain', async () => {
    const image = buildVmdk({ grains: { 0: new Uint8Array(8 * 1024 * 1024) }, isCompressed: true })
    await expect(contentOf(image)).rejects.toBeInstanceOf(DiskError)
  })

  test('a part alone is refused with the remedy', async () => {
    for (const image of [buildVmdk({ header: { descriptorOffset: 0 } }), buildVmdk({ descriptor: '\0' })]) {
      await expect(contentOf(image)).rejects.toMatchObject({
        code: 'refused',
        remedy: expect.stringContaining('Open the descriptor') as string,
      })
    }
  })

  test('cut anywhere: refused, or every byte is right', async () => {
    for (const recipe of [mixed, { ...mixed, isCompressed: true, hasFooter: true }]) {
      const image = buildVmdk(recipe)
      const whole = expected(recipe)
      for (let size = 4; size < image.length; size += 61) {
        const outcome = await contentOf(image.slice(0, size)).catch((error: unknown) => error)
        if (outcome instanceof Uint8Array) expect(outcome).toEqual(whole)
        else expect(outcome).toBeInstanceOf(DiskError)
        if (recipe.hasFooter) expect(outcome).toBeInstanceOf(DiskError)
      }
    }
  })

  test('any byte changed: never anything but a coded error, from inspection none at all', async () => {
    const images = [mixed, { ...mixed, isCompressed: true, hasFooter: true }].map(buildVmdk)
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...images),
        fc.array(fc.tuple(fc.nat(8 * 1024), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (original, changes) => {
          const image = original.slice()
          for (const [at, value] of changes) if (at < image.length) image[at] = value
          const { ports, open } = memoryFiles({ [path]: image })
          await inspectChain(path, ports)
          try {
            await using chain = await openChain(path, ports, { format: 'vmdk' })
            if (chain.disk.virtualSize < 1024 * 1024) await readAll(chain.disk)
            await drain(chain.disk)
          } catch (error) {
            expect(error).toBeInstanceOf(DiskError)
          }
          expect([...open]).toEqual([])
        },
      ),
      { numRuns: 1500 },
    )
  })

  test('a descriptor of any text: never anything but a coded error', async () => {
    const word = fc.constantFrom(
      'RW',
      '4',
      'ZERO',
      'FLAT',
      '"x.vmdk"',
      'version=1',
      'CID=1',
      '\n',
      ' ',
      '=',
      '"',
      'parentCID=2',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(word, fc.string())), async (words) => {
        const text = `# Disk DescriptorFile\n${words.join('')}`
        const outcome = await contentOf(new TextEncoder().encode(text)).catch((error: unknown) => error)
        expect(outcome instanceof Uint8Array || outcome instanceof DiskError).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

test('the descriptor may say less than a grain below the header', async () => {
  const sectors = 9 * grainSectors
  const image = buildVmdk({ sectors, grains: { 8: grain(1) }, descriptor: descriptorText(sectors - 3) })
  expect((await contentOf(image)).length).toBe((sectors - 3) * 512)
})

async function drain(disk: DiskReader): Promise<number> {
  let at = 0
  for await (const { length } of disk.extents({ start: 0, end: disk.virtualSize })) at += length
  return at
}

function countingSource(bytes: Uint8Array): { source: ByteSource; reads: number[] } {
  const reads: number[] = []
  const source: ByteSource = {
    name: path,
    size: bytes.length,
    async readInto(target, at) {
      reads.push(target.length)
      target.set(bytes.subarray(at, at + target.length))
    },
    async *extents({ start, end }) {
      yield { start, length: end - start, content: 'data' }
    },
  }
  return { source, reads }
}
