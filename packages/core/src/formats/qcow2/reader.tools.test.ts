import { readFile } from 'node:fs/promises'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import type { TempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import type { ByteRange } from '../../ranges/byte-range.ts'
import { isZero } from '../../binary/zero-scan.ts'
import { clipExtent } from '../../ranges/extent.ts'
import type { Extent } from '../../ranges/extent.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { nodePorts } from '../../testing/node-files.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { qcow2Driver } from './driver.ts'

const MiB = 1024 * 1024

interface Case {
  readonly name: string
  readonly options: string
  readonly size?: number
  readonly compressed?: boolean
  readonly zeroWrites?: boolean
}

const cases: readonly Case[] = [
  { name: 'clusters of 512', options: 'cluster_size=512' },
  { name: 'clusters of 4096', options: 'cluster_size=4096' },
  { name: 'clusters of 64 KiB', options: 'cluster_size=65536', compressed: true },
  { name: 'clusters of 2 MiB', options: 'cluster_size=2M', size: 48 * MiB, compressed: true },
  { name: 'a size inside a cluster', options: 'cluster_size=65536', size: 5 * MiB + 512 },
  { name: 'version 2', options: 'compat=0.10', zeroWrites: false, compressed: true },
  { name: 'version 2, clusters of 512', options: 'compat=0.10,cluster_size=512', zeroWrites: false },
  { name: 'zstd', options: 'compression_type=zstd', compressed: true },
  { name: 'zlib, clusters of 4096', options: 'cluster_size=4096', compressed: true },
  { name: 'extended L2', options: 'extended_l2=on' },
  { name: 'extended L2, clusters of 16 KiB', options: 'extended_l2=on,cluster_size=16384', compressed: true },
  { name: 'extended L2, clusters of 2 MiB', options: 'extended_l2=on,cluster_size=2M', size: 48 * MiB },
  { name: 'refcounts of 1 bit', options: 'refcount_bits=1' },
]

describe.skipIf(!requires('qemu-img', 'qemu-io'))('qcow2 reader against QEMU', () => {
  test.each(cases)('$name', async (layout) => {
    await using place = await tempPlace()
    const size = layout.size ?? 16 * MiB
    const image = place.file('disk.qcow2')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', layout.options, image, String(size)])
    await scribble(image, { ...layout, size, seed: 1 })
    await expectSameAsQemu(place, image)
  })

  test.each(['off', 'on'])('external data file, raw %s', async (raw) => {
    await using place = await tempPlace()
    const image = place.file('disk.qcow2')
    const options = `data_file=${place.file('disk.data')},data_file_raw=${raw}`
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', options, image, String(16 * MiB)])
    await scribble(image, { size: 16 * MiB, seed: 2 })
    await expectSameAsQemu(place, image)
  })

  test('preallocated clusters that are holes of the host file are zeros', async () => {
    await using place = await tempPlace()
    const image = place.file('disk.qcow2')
    const create = ['create', '-q', '-f', 'qcow2', '-o', 'preallocation=metadata', image, String(16 * MiB)]
    await runToolOk('qemu-img', create)
    await scribble(image, { size: 16 * MiB, seed: 6 })
    const holes = await qemuMap(image, 'raw')
    const withHoles: ImagePorts = {
      ...nodePorts,
      files: {
        ...nodePorts.files,
        open: async (path) => fileWithHoles(await nodePorts.files.open(path), holes),
      },
    }
    await runToolOk('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', image, place.file('oracle.raw')])
    const { bytes, extents } = await readLayer(image, withHoles)
    expect(Buffer.compare(bytes, await readFile(place.file('oracle.raw')))).toBe(0)
    const zeros = extents.filter(({ content }) => content === 'zero')
    expect(zeros.every(({ start, length }) => isZero(bytes, { start, end: start + length }))).toBe(true)
    for (const theirs of await qemuMap(image)) {
      const isOurs = zeros.some(
        ({ start, length }) => start <= theirs.start && theirs.start + theirs.length <= start + length,
      )
      expect(isOurs || theirs.content === 'data').toBe(true)
    }
  })

  test.each(['cluster_size=65536', 'cluster_size=65536,extended_l2=on', 'cluster_size=4096'])(
    'an overlay alone, %s',
    async (options) => {
      await using place = await tempPlace()
      const base = place.file('base.qcow2')
      const overlay = place.file('overlay.qcow2')
      const size = 16 * MiB
      await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', base, String(size)])
      await runToolOk('qemu-io', ['-f', 'qcow2', '-c', `write -q -P 1 0 ${size}`, base])
      const create = ['create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', '-o', options, overlay]
      await runToolOk('qemu-img', create)
      await scribble(overlay, { size, seed: 3 })
      const { extents, facts } = await readLayer(overlay)
      expect(facts.parent).toEqual({ names: [base], format: 'qcow2', identity: null })
      expect(extents).toEqual(await qemuMap(overlay))
    },
  )

  test('an internal snapshot is listed, the current state is read', async () => {
    await using place = await tempPlace()
    const image = place.file('disk.qcow2')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', image, String(4 * MiB)])
    await scribble(image, { size: 4 * MiB, seed: 4 })
    await runToolOk('qemu-img', ['snapshot', '-c', 'before <ü>', image])
    await runToolOk('qemu-img', ['snapshot', '-c', 'second', image])
    await scribble(image, { size: 4 * MiB, seed: 5 })
    const { facts } = await readLayer(image)
    expect(facts.snapshots).toMatchObject([
      { id: '1', name: 'before <ü>', virtualSize: 4 * MiB, stateSize: 0 },
      { id: '2', name: 'second', virtualSize: 4 * MiB, stateSize: 0 },
    ])
    expect(Math.abs(Date.parse(facts.snapshots[0]?.takenAt ?? '') - Date.now())).toBeLessThan(3_600_000)
    await expectSameAsQemu(place, image)
  })

  test('an overlay of version 2 names its parent and format', async () => {
    await using place = await tempPlace()
    const overlay = place.file('overlay.qcow2')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'vmdk', place.file('base.vmdk'), '1M'])
    const options = ['-o', 'compat=0.10', '-b', 'base.vmdk', '-F', 'vmdk']
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', ...options, overlay])
    const { facts, extents } = await readLayer(overlay)
    expect(facts).toMatchObject({ subformat: 'version 2', parent: { names: ['base.vmdk'], format: 'vmdk' } })
    expect(extents).toEqual([{ start: 0, length: MiB, content: 'absent' }])
  })

  test('bitmaps and lazy refcounts are told', async () => {
    await using place = await tempPlace()
    const image = place.file('disk.qcow2')
    const create = ['create', '-q', '-f', 'qcow2', '-o', 'lazy_refcounts=on,refcount_bits=64', image, '1M']
    await runToolOk('qemu-img', create)
    await runToolOk('qemu-img', ['bitmap', '--add', image, 'changes'])
    const { facts } = await readLayer(image)
    expect(facts.details).toMatchObject({
      bitmaps: 1,
      lazyRefcounts: true,
      refcountBits: 64,
      compressionType: 'zlib',
    })
  })

  test('an encrypted image is refused', async () => {
    await using place = await tempPlace()
    const image = place.file('disk.qcow2')
    const secret = ['--object', 'secret,id=s,data=abc']
    const options = 'encrypt.format=aes,encrypt.key-secret=s'
    await runToolOk('qemu-img', ['create', '-q', ...secret, '-f', 'qcow2', '-o', options, image, '1M'])
    await using file = await nodePorts.files.open(image)
    await expect(qcow2Driver.openLayer(file, nodePorts)).rejects.toMatchObject({ code: 'encrypted' })
    const facts = await qcow2Driver.inspect(file, nodePorts)
    expect(facts.virtualSize).toBe(MiB)
    expect(facts.problems).toMatchObject([{ id: 'encrypted', severity: 'block' }])
  })
})

/** Writes patterns, zeros, discards and compressed clusters at random places. */
async function scribble(
  image: string,
  options: { size: number; seed: number; compressed?: boolean; zeroWrites?: boolean },
): Promise<void> {
  const random = seededRandom(options.seed)
  const commands: string[] = []
  if (options.compressed) {
    const unit = 2 * MiB
    for (let at = 0; at + unit <= options.size; at += 3 * unit)
      commands.push(`write -q -c -P ${random(255) + 1} ${at} ${unit}`)
  }
  for (let i = 0; i < 80; i += 1) {
    const at = random(options.size / 512) * 512
    const length = Math.min(options.size - at, (random(3) === 0 ? random(2000) + 1 : random(24) + 1) * 512)
    const kind = random(5)
    if (kind === 0 && options.zeroWrites !== false)
      commands.push(`write -q -z ${random(2) === 0 ? '' : '-u'} ${at} ${length}`)
    else if (kind === 1) commands.push(`discard -q ${at} ${length}`)
    else commands.push(`write -q -P ${random(255) + 1} ${at} ${length}`)
  }
  await runToolOk('qemu-io', [
    '-f',
    'qcow2',
    '-d',
    'unmap',
    ...commands.flatMap((command) => ['-c', command]),
    image,
  ])
}

async function readLayer(image: string, ports: ImagePorts = nodePorts) {
  await using file = await ports.files.open(image)
  const facts = await qcow2Driver.inspect(file, ports)
  expect(facts.problems).toEqual([])
  await using layer = await qcow2Driver.openLayer(file, ports)
  const { disk } = layer
  const whole = new Uint8Array(disk.virtualSize).fill(0xee)
  await disk.readInto(whole, 0)
  const pieces = new Uint8Array(disk.virtualSize).fill(0xee)
  const random = seededRandom(9)
  for (let at = 0; at < pieces.length;) {
    const piece = pieces.subarray(at, at + random(300_000) + 1)
    await disk.readInto(piece, at)
    at += piece.length
  }
  expect(Buffer.compare(pieces, whole)).toBe(0)
  return {
    facts,
    bytes: whole,
    extents: await collect(disk.extents({ start: 0, end: disk.virtualSize })),
  }
}

async function expectSameAsQemu(place: TempPlace, image: string): Promise<void> {
  const raw = place.file('oracle.raw')
  await runToolOk('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', image, raw])
  const { bytes, extents } = await readLayer(image)
  expect(Buffer.compare(bytes, await readFile(raw))).toBe(0)
  expect(extents).toEqual(await qemuMap(image))
}

interface MapEntry {
  readonly start: number
  readonly length: number
  readonly depth: number
  readonly present: boolean
  readonly zero: boolean
}

async function collect(extents: AsyncIterable<Extent>): Promise<Extent[]> {
  const all: Extent[] = []
  for await (const extent of extents) all.push(extent)
  return all
}

/** `file` as a host shows it that tells about holes. */
function fileWithHoles(file: ImageFile, holes: readonly Extent[]): ImageFile {
  const data = holes.reduce((sum, { content, length }) => (content === 'data' ? sum + length : sum), 0)
  async function* extents(range: ByteRange) {
    for (const extent of holes) {
      const part = clipExtent(extent, range)
      if (part) yield part
    }
  }
  return { ...file, allocated: data, source: { ...file.source, extents } }
}

/** What `qemu-img map` says about the first layer. */
async function qemuMap(image: string, format = 'qcow2'): Promise<Extent[]> {
  const json = await runToolOk('qemu-img', ['map', '-f', format, '--output=json', image])
  const entries = JSON.parse(json) as MapEntry[]
  const merged: Extent[] = []
  for (const { start, length, depth, present, zero } of entries) {
    const content = depth > 0 || !present ? 'absent' : zero ? 'zero' : 'data'
    const last = merged.at(-1)
    if (last?.content === content) merged[merged.length - 1] = { ...last, length: last.length + length }
    else merged.push({ start, length, content })
  }
  return merged
}
