import { open, readFile, writeFile } from 'node:fs/promises'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../../testing/node-files.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { nodeCompressors, testId, writeDisk, type WriteDiskOptions } from '../../testing/write-disk.ts'
import { openChain } from '../../chain/open-chain.ts'
import type { WriteChoices } from '../../image/image-choices.ts'
import { qcow2Writer } from './writer.ts'

const KiB = 1024
const MiB = 1024 * KiB
const sizes = [512, 65_536, 3 * MiB + 512, 24 * MiB + 65_536 + 1024]
const compressions = ['none', 'zlib', 'zstd'] as const
const preallocations = ['metadata', 'falloc', 'full'] as const

/** Pieces of 512 bytes to 300 KiB: zeros, one byte, noise. */
function patchyDisk(size: number, seed: number): Buffer {
  const random = seededRandom(seed)
  const disk = Buffer.alloc(size)
  for (let at = 0; at < size;) {
    const part = disk.subarray(at, at + 512 * (random(random(3) === 0 ? 600 : 8) + 1))
    const kind = random(3)
    if (kind === 1) part.fill(random(255) + 1)
    if (kind === 2) part.forEach((_, i) => (part[i] = random(256)))
    at += part.length
  }
  return disk
}

/** `disk` with pieces of noise and of zeros in some places; most of it as it was. */
function changed(disk: Buffer, seed: number): Buffer {
  const random = seededRandom(seed)
  const copy = Buffer.from(disk)
  for (let piece = 0; piece < 20; piece += 1) {
    const start = 512 * random(Math.floor(disk.length / 512))
    const part = copy.subarray(start, start + 512 * (random(400) + 1))
    if (piece % 2 === 0) part.fill(0)
    else part.forEach((_, i) => (part[i] = random(256)))
  }
  return copy
}

async function check(path: string) {
  const report: unknown = JSON.parse(await runToolOk('qemu-img', ['check', '--output=json', path]))
  expect(report).toMatchObject({ 'check-errors': 0 })
  expect(report).not.toHaveProperty('leaks')
  expect(report).not.toHaveProperty('corruptions')
  return report
}

const info = async (path: string): Promise<unknown> =>
  JSON.parse(await runToolOk('qemu-img', ['info', '--output=json', path]))

interface Written {
  readonly place: TempPlace
  readonly disk: Buffer
  readonly options: WriteDiskOptions
}

/** Writes `disk.qcow2`; QEMU and we read the same from it. */
async function written({ place, disk, options }: Written): Promise<string> {
  const path = place.file('disk.qcow2')
  await writeFile(place.file('disk.raw'), disk)
  const fileSize = await writeDisk(qcow2Writer, path, disk, { writers: 3, ...options })
  const { compression, choices } = options
  const measured = { virtualSize: disk.length, dataBytes: disk.length, compression, choices }
  expect(fileSize).toBeLessThanOrEqual(qcow2Writer.measure(measured))
  await runToolOk('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', place.file('disk.raw'), path])
  await using chain = await openChain(path, nodePorts)
  const back = Buffer.alloc(disk.length)
  await chain.disk.readInto(back, 0)
  expect(back.equals(disk)).toBe(true)
  return path
}

describe.skipIf(!requires('qemu-img'))('qcow2 with choices, against QEMU', () => {
  const extended = compressions.flatMap((compression) => sizes.map((size) => ({ compression, size })))
  test.each(extended)('extended L2, $compression, $size bytes', async ({ compression, size }) => {
    await using place = await tempPlace()
    const options = { compression, choices: { extendedL2: true } }
    const path = await written({ place, disk: patchyDisk(size, size), options })
    await check(path)
    expect(await info(path)).toMatchObject({ 'format-specific': { data: { 'extended-l2': true } } })
  })

  test('extended L2 allocates by 2 KiB', async () => {
    await using place = await tempPlace()
    const disk = Buffer.alloc(MiB)
    disk.fill(1, 70 * KiB, 71 * KiB)
    const path = await written({
      place,
      disk,
      options: { compression: 'none', choices: { extendedL2: true } },
    })
    const map: unknown = JSON.parse(await runToolOk('qemu-img', ['map', '--output=json', path]))
    expect(map).toContainEqual(expect.objectContaining({ start: 70 * KiB, length: 2 * KiB, data: true }))
  })

  const allocated = preallocations.flatMap((preallocation) =>
    [false, true].flatMap((extendedL2) => sizes.map((size) => ({ preallocation, extendedL2, size }))),
  )
  test.each(allocated)(
    'preallocation $preallocation, extended L2 $extendedL2, $size bytes',
    async ({ size, ...choices }) => {
      await using place = await tempPlace()
      const path = await written({
        place,
        disk: patchyDisk(size, 3),
        options: { compression: 'none', choices },
      })
      const clusters = Math.ceil(size / (64 * KiB))
      expect(await check(path)).toMatchObject({ 'allocated-clusters': clusters, 'total-clusters': clusters })
    },
  )

  test.each([false, true])(
    'preallocated metadata over several regions, extended L2 %s',
    async (extendedL2) => {
      await using place = await tempPlace()
      const path = place.file('disk.qcow2')
      const virtualSize = 9 * 1024 * MiB + 512
      const choices: WriteChoices = { preallocation: 'metadata', extendedL2 }
      const writer = qcow2Writer.open({
        id: testId,
        virtualSize,
        compression: 'none',
        compressors: nodeCompressors,
        choices,
        state: new ArrayBuffer(0),
      })
      const handle = await open(path, 'wx')
      for (const index of [0, 511, 512, 1023, 1100, 2000]) {
        const chunk = writer.prepare(index, Buffer.alloc(4 * MiB, 1 + (index % 250)))
        writer.place(chunk)
        for (const { at, bytes } of writer.writes(chunk)) await handle.write(bytes, 0, bytes.length, at)
      }
      for (const { at, bytes } of writer.finish()) await handle.write(bytes, 0, bytes.length, at)
      await handle.truncate(writer.fileSize())
      await handle.close()
      const clusters = Math.ceil(virtualSize / (64 * KiB))
      expect(await check(path)).toMatchObject({ 'allocated-clusters': clusters })
      for (const index of [511, 1100]) {
        const read = `read -P ${1 + (index % 250)} ${index * 4}M 4M`
        const said = await runToolOk('qemu-io', ['-r', '-f', 'qcow2', '-c', read, path])
        expect(said).not.toContain('verification failed')
      }
    },
  )

  const overlays = compressions.flatMap((compression) =>
    [false, true].flatMap((extendedL2) => sizes.map((size) => ({ compression, extendedL2, size }))),
  )
  test.each(overlays)(
    'an overlay, $compression, extended L2 $extendedL2, $size bytes',
    async ({ compression, extendedL2, size }) => {
      await using place = await tempPlace()
      const below = patchyDisk(size, 11)
      const disk = changed(below, 12)
      await writeFile(place.file('base.raw'), below)
      const choices = { extendedL2, backing: { name: 'base.raw', format: 'raw' } }
      const path = await written({ place, disk, options: { compression, choices, below } })
      await check(path)
      expect(await info(path)).toMatchObject({
        'backing-filename': 'base.raw',
        'backing-filename-format': 'raw',
      })
    },
  )

  test.each([false, true])('an overlay holds only what differs, extended L2 %s', async (extendedL2) => {
    await using place = await tempPlace()
    const below = Buffer.alloc(12 * MiB, 5)
    const disk = Buffer.from(below)
    disk.fill(0, MiB, 2 * MiB)
    disk.fill(9, 6 * MiB, 6 * MiB + 512)
    await writeFile(place.file('base.raw'), below)
    const choices = { extendedL2, backing: { name: 'base.raw', format: 'raw' } }
    const path = await written({ place, disk, options: { compression: 'none', choices, below } })
    expect(await check(path)).toMatchObject({ 'allocated-clusters': 1 })
    const map: unknown = JSON.parse(await runToolOk('qemu-img', ['map', '--output=json', path]))
    expect(map).toContainEqual(
      expect.objectContaining({ start: MiB, length: MiB, depth: 0, zero: true, data: false }),
    )
    expect(map).toContainEqual(
      expect.objectContaining({ start: 6 * MiB, length: (extendedL2 ? 2 : 64) * KiB, depth: 0, data: true }),
    )
  })

  const writable: readonly WriteChoices[] = [
    { extendedL2: true },
    { preallocation: 'metadata' },
    { preallocation: 'metadata', extendedL2: true },
    { backing: { name: 'base.raw', format: 'raw' } },
    { backing: { name: 'base.raw', format: 'raw' }, extendedL2: true },
  ]
  test.each(writable)('QEMU goes on writing to it: %j', async (choices) => {
    await using place = await tempPlace()
    const below = patchyDisk(12 * MiB, 21)
    const disk = changed(below, 22)
    await writeFile(place.file('base.raw'), below)
    const options = { compression: 'none', choices, ...(choices.backing ? { below } : {}) } as const
    const path = await written({ place, disk, options })
    const edits = [
      [MiB + 512, 3000, 0x41],
      [3 * MiB - 700, 5000, 0x42],
      [7 * MiB, MiB + 512, 0x43],
    ] as const
    for (const [start, length, byte] of edits) disk.fill(byte, start, start + length)
    disk.fill(0, 10 * MiB, 11 * MiB)
    const commands = edits.map(([start, length, byte]) => `write -P ${byte} ${start} ${length}`)
    const args = [...commands, 'write -z 10M 1M'].flatMap((command) => ['-c', command])
    await runToolOk('qemu-io', ['-f', 'qcow2', ...args, path])
    await check(path)
    await using chain = await openChain(path, nodePorts)
    const back = Buffer.alloc(disk.length)
    await chain.disk.readInto(back, 0)
    expect(back.equals(disk)).toBe(true)
  })

  test('the bytes do not depend on the number of writers', async () => {
    await using place = await tempPlace()
    const below = patchyDisk(20 * MiB, 1)
    const disk = changed(below, 2)
    const backing = { name: 'base.raw', format: 'raw' }
    for (const [name, writers] of [
      ['one', 1],
      ['three', 3],
    ] as const) {
      const choices = { extendedL2: true, backing }
      await writeDisk(qcow2Writer, place.file(name), disk, { compression: 'zlib', choices, below, writers })
    }
    expect((await readFile(place.file('one'))).equals(await readFile(place.file('three')))).toBe(true)
  })
})

describe('choices that do not go together', () => {
  const backing = { name: 'base', format: 'raw' }
  const cases: readonly [WriteChoices, 'none' | 'zlib'][] = [
    [{ preallocation: 'metadata' }, 'zlib'],
    [{ preallocation: 'full', backing }, 'none'],
  ]
  test.each(cases)('%j with compression %s', (choices, compression) => {
    expect(() => qcow2Writer.stateSize({ virtualSize: MiB, compression, choices })).toThrow(
      expect.objectContaining({ code: 'refused' }),
    )
  })

  test('a name that no header can hold', () => {
    const writer = qcow2Writer.open({
      id: testId,
      virtualSize: 0,
      compression: 'none',
      compressors: nodeCompressors,
      choices: { backing: { name: 'ä'.repeat(512), format: 'raw' } },
      state: new ArrayBuffer(qcow2Writer.stateSize({ virtualSize: 0, compression: 'none' })),
    })
    expect(() => [...writer.finish()]).toThrow(expect.objectContaining({ code: 'refused' }))
  })
})
