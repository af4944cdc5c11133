import { open, truncate, writeFile, readFile, rename } from 'node:fs/promises'
import { randomFillSync } from 'node:crypto'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import type { ByteRange } from '../../ranges/byte-range.ts'
import { mergeExtents, type Extent } from '../../ranges/extent.ts'
import { isBlocking } from '../../problems/problem.ts'
import { nodePorts } from '../../testing/node-files.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { buildVmdk, grain, grainSectors, type VmdkRecipe } from './testing/build-vmdk.ts'

const kib = 1024
const mib = 1024 * kib

/** A raw disk with random data at places that cross grains, tables and parts. */
async function writeRawDisk(path: string, size: number): Promise<void> {
  await writeFile(path, '')
  await truncate(path, size)
  const file = await open(path, 'r+')
  const places = [
    [0, 512],
    [64 * kib - 512, 1024],
    [200 * kib, 700 * kib],
    [3 * mib + 4096, 2 * mib],
    [32 * mib - 96 * kib, 192 * kib],
    [Math.floor(size / 2 / 512) * 512, 100 * kib],
    [2047 * mib, 3 * mib],
    [size - 3 * kib, 3 * kib],
  ] as const
  for (const [at, length] of places) {
    if (at + length <= size) await file.write(randomFillSync(new Uint8Array(length)), 0, length, at)
  }
  await file.close()
}

/** Reads the disk in steps that are no multiple of anything and compares it with the raw file. */
async function expectSameBytes(disk: DiskReader, rawPath: string, step = 5 * mib + 1536): Promise<void> {
  const file = await open(rawPath, 'r')
  const { size } = await file.stat()
  expect(disk.virtualSize).toBe(size)
  const found = new Uint8Array(step)
  const expected = new Uint8Array(step)
  for (let at = 0; at < size; at += step) {
    const length = Math.min(step, size - at)
    found.fill(0xee)
    await Promise.all([disk.readInto(found.subarray(0, length), at), file.read(expected, 0, length, at)])
    const same = Buffer.compare(found.subarray(0, length), expected.subarray(0, length)) === 0
    if (!same) throw new Error(`bytes ${at} to ${at + length} differ`)
  }
  await file.close()
}

/** As `expectSameBytes`, in one read of a part that crosses files. */
async function expectSameWindow(disk: DiskReader, rawPath: string, { start, end }: ByteRange): Promise<void> {
  const file = await open(rawPath, 'r')
  const [found, expected] = [new Uint8Array(end - start).fill(0xee), new Uint8Array(end - start)]
  await Promise.all([disk.readInto(found, start), file.read(expected, 0, expected.length, start)])
  await file.close()
  if (Buffer.compare(found, expected) !== 0) throw new Error(`bytes ${start} to ${end} differ`)
}

interface MapEntry {
  readonly start: number
  readonly length: number
  readonly present: boolean
  readonly data: boolean
}

async function qemuMap(path: string): Promise<Extent[]> {
  const entries = JSON.parse(await runToolOk('qemu-img', ['map', '--output=json', path])) as MapEntry[]
  return [
    ...mergeExtents(
      entries.map(({ start, length, present, data }) => {
        const content = data ? 'data' : present ? 'zero' : 'absent'
        return { start, length, content } as const
      }),
    ),
  ]
}

async function ourMap(disk: DiskReader): Promise<Extent[]> {
  const all: Extent[] = []
  for await (const extent of disk.extents({ start: 0, end: disk.virtualSize })) all.push(extent)
  return all
}

const mixedGrains = { 0: grain(1), 1: grain(2), 7: grain(3), 63: grain(4) }

const sparse = ['monolithicSparse', 'streamOptimized', 'twoGbMaxExtentSparse'] as const
const flat = ['monolithicFlat', 'twoGbMaxExtentFlat'] as const

describe.skipIf(!requires('qemu-img', 'qemu-io'))('VMDK as qemu-img writes it', () => {
  const sizes = [40 * mib, 33 * mib + 512 * 7]
  test.each([...sparse, ...flat].flatMap((subformat) => sizes.map((size) => ({ subformat, size }))))(
    '$subformat of $size bytes reads byte for byte',
    async ({ subformat, size }) => {
      await using place = await tempPlace()
      const raw = place.file('disk.raw')
      await writeRawDisk(raw, size)
      const image = place.file('disk.vmdk')
      await runToolOk('qemu-img', ['convert', '-O', 'vmdk', '-o', `subformat=${subformat}`, raw, image])
      const { links, problems } = await inspectChain(image, nodePorts)
      expect(problems).toEqual([])
      expect(links[0].facts).toMatchObject({ format: 'vmdk', subformat, virtualSize: size })
      await using chain = await openChain(image, nodePorts)
      await expectSameBytes(chain.disk, raw)
      await expectSameBytes(chain.disk, raw, 12 * kib + 512)
      if (sparse.some((name) => name === subformat))
        expect(await ourMap(chain.disk)).toEqual(await qemuMap(image))
    },
  )

  test.each(['twoGbMaxExtentSparse', 'twoGbMaxExtentFlat'])('%s of two parts', async (subformat) => {
    await using place = await tempPlace()
    const raw = place.file('disk.raw')
    await writeRawDisk(raw, 2200 * mib)
    const image = place.file('disk.vmdk')
    await runToolOk('qemu-img', ['convert', '-O', 'vmdk', '-o', `subformat=${subformat}`, raw, image])
    await using chain = await openChain(image, nodePorts)
    expect(chain.files).toHaveLength(3)
    const map = await ourMap(chain.disk)
    if (subformat.endsWith('Sparse')) expect(map).toEqual(await qemuMap(image))
    await expectSameWindow(chain.disk, raw, { start: 2040 * mib, end: 2060 * mib })
    await expectSameWindow(chain.disk, raw, { start: 2190 * mib, end: 2200 * mib })
    const part = subformat.endsWith('Flat') ? 'disk-f002.vmdk' : 'disk-s002.vmdk'
    await rename(place.file(part), place.file('gone'))
    const missing = { code: 'extent-file-missing', details: { extent: part } }
    await expect(openChain(image, nodePorts)).rejects.toMatchObject(missing)
    const { problems } = await inspectChain(image, nodePorts)
    expect(problems.map(({ id }) => id)).toEqual(['extent-file-missing'])
  })

  test('a part of a split disk alone is refused', async () => {
    await using place = await tempPlace()
    const image = place.file('disk.vmdk')
    await runToolOk('qemu-img', [
      'create',
      '-q',
      '-f',
      'vmdk',
      '-o',
      'subformat=twoGbMaxExtentSparse',
      image,
      '10M',
    ])
    await expect(openChain(place.file('disk-s001.vmdk'), nodePorts)).rejects.toMatchObject({
      code: 'refused',
    })
  })

  test('grains written out of order, over a delta chain, with zero grains', async () => {
    await using place = await tempPlace()
    const [base, middle, top] = [place.file('base.vmdk'), place.file('middle.vmdk'), place.file('top.vmdk')]
    const create = (...args: string[]) => runToolOk('qemu-img', ['create', '-q', '-f', 'vmdk', ...args])
    const io = (file: string, ...commands: string[]) =>
      runToolOk('qemu-io', ['-f', 'vmdk', ...commands.flatMap((command) => ['-c', command]), file])
    await create('-o', 'zeroed_grain=on', base, '70M')
    await io(base, 'write -P 1 60M 1M', 'write -P 2 0 3M', 'write -P 3 33M 70k', 'write -P 4 10M 64k')
    await create('-o', `zeroed_grain=on,backing_file=${base},backing_fmt=vmdk`, middle)
    await io(middle, 'write -P 5 61M 100k', 'write -z 1M 1M', 'write -P 6 2M 512')
    await create('-o', `zeroed_grain=on,backing_file=${middle},backing_fmt=vmdk`, top)
    await io(top, 'write -P 7 1500k 4k', 'write -z 60M 64k')
    const raw = place.file('flat.raw')
    await runToolOk('qemu-img', ['convert', '-O', 'raw', top, raw])
    await using chain = await openChain(top, nodePorts)
    expect(chain.links.map(({ path }) => path)).toEqual([top, middle, base])
    await expectSameBytes(chain.disk, raw)
    await expectSameBytes(chain.disk, raw, 3072)
    expect(await ourMap(chain.disk)).toEqual(await qemuMap(top))
  })

  test('a parent whose content ID changed is refused', async () => {
    await using place = await tempPlace()
    const [base, top] = [place.file('base.vmdk'), place.file('top.vmdk')]
    await runToolOk('qemu-img', ['create', '-q', '-f', 'vmdk', base, '10M'])
    await runToolOk('qemu-img', ['create', '-q', '-f', 'vmdk', '-b', base, '-F', 'vmdk', top])
    await (await openChain(top, nodePorts))[Symbol.asyncDispose]()
    await runToolOk('qemu-io', ['-f', 'vmdk', '-c', 'write -P 9 0 64k', base])
    await expect(openChain(top, nodePorts)).rejects.toMatchObject({ code: 'parent-mismatch' })
    const { links, problems } = await inspectChain(top, nodePorts)
    expect(links).toHaveLength(2)
    expect(problems.filter(isBlocking).map(({ id }) => id)).toEqual(['parent-mismatch'])
  })

  test.each([
    [
      'compressed with a footer, as VMware streams it',
      { isCompressed: true, hasFooter: true, grains: mixedGrains },
    ],
    ['zero grains', { grains: { ...mixedGrains, 3: 'zero' as const } }],
    ['a cut last grain', { sectors: 9 * grainSectors + 3, grains: { 9: grain(6, 3 * 512) } }],
    ['two tables', { sectors: 600 * grainSectors, grains: { 511: grain(1), 512: grain(2), 599: grain(3) } }],
  ] satisfies [string, VmdkRecipe][])(
    'our test images are what QEMU takes for VMDK: %s',
    async (_name, recipe) => {
      await using place = await tempPlace()
      const [image, raw] = [place.file('x.vmdk'), place.file('x.raw')]
      await writeFile(image, buildVmdk(recipe))
      await runToolOk('qemu-img', ['convert', '-f', 'vmdk', '-O', 'raw', image, raw])
      await using chain = await openChain(image, nodePorts)
      await expectSameBytes(chain.disk, raw)
      expect(await ourMap(chain.disk)).toEqual(await qemuMap(image))
    },
  )

  test('qcow2 over a VMDK chain, and over raw that looks like something else', async () => {
    await using place = await tempPlace()
    const [raw, vmdk, top] = [place.file('disk.raw'), place.file('base.vmdk'), place.file('top.qcow2')]
    await writeRawDisk(raw, 20 * mib)
    await runToolOk('qemu-img', ['convert', '-O', 'vmdk', raw, vmdk])
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', vmdk, '-F', 'vmdk', top, '30M'])
    await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 9 1M 2M', '-c', 'write -P 8 25M 1k', top])
    const flattened = place.file('flat.raw')
    await runToolOk('qemu-img', ['convert', '-O', 'raw', top, flattened])
    await using chain = await openChain(top, nodePorts)
    expect(chain.links.map(({ format }) => format)).toEqual(['qcow2', 'vmdk'])
    await expectSameBytes(chain.disk, flattened)

    const overRaw = place.file('over-raw.qcow2')
    await writeFile(raw, await readFile(vmdk))
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', raw, '-F', 'raw', overRaw])
    await using asRaw = await openChain(overRaw, nodePorts)
    expect(asRaw.links.map(({ format }) => format)).toEqual(['qcow2', 'raw'])
    await expectSameBytes(asRaw.disk, raw)
  })
})
