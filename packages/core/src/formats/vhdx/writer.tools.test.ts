import { readFile, stat, writeFile } from 'node:fs/promises'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../../testing/node-files.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { writeDisk } from '../../testing/write-disk.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { vhdxWriter } from './writer.ts'

const MiB = 1024 ** 2
const compression = 'none'

/** Runs of data with zeros between, some across the borders of chunks and blocks, the last sector used. */
function patchyDisk(size: number): Buffer {
  const random = seededRandom(11)
  const disk = Buffer.alloc(size)
  for (let run = 1; run < 10; run += 1) {
    const start = random(size)
    disk.fill(run, start, Math.min(size, start + random(3 * MiB)))
  }
  disk.subarray(8 * MiB, 16 * MiB).fill(0)
  disk[size - 1] = 1
  return disk
}

describe.skipIf(!requires('qemu-img'))('VHDX as written, with qemu-img as the judge', () => {
  test.each([
    ['dynamic', 40 * MiB],
    ['dynamic', 37 * MiB + 512],
    ['dynamic', 512],
    ['fixed', 40 * MiB],
    ['fixed', 21 * MiB + 1024],
  ])('%s of %i bytes checks, compares equal and reads back', async (subformat, size) => {
    await using place = await tempPlace()
    const disk = patchyDisk(size)
    const raw = place.file('disk.raw')
    const path = place.file('disk.vhdx')
    await writeFile(raw, disk)
    const fileSize = await writeDisk(vhdxWriter, path, disk, { compression, subformat, writers: 3 })
    expect((await stat(path)).size).toBe(fileSize)
    expect(fileSize % MiB).toBe(0)
    const dataBytes = Math.ceil(size / vhdxWriter.unit) * vhdxWriter.unit
    expect(fileSize).toBeLessThanOrEqual(
      vhdxWriter.measure({ virtualSize: size, dataBytes, compression, subformat }),
    )
    await runToolOk('qemu-img', ['check', '-f', 'vhdx', path])
    await runToolOk('qemu-img', ['compare', '-f', 'raw', '-F', 'vhdx', raw, path])
    const { links } = await inspectChain(path, nodePorts)
    expect(links[0].facts).toMatchObject({
      format: 'vhdx',
      subformat,
      virtualSize: size,
      clusterSize: 8 * MiB,
      problems: [],
    })
    expect(links[0].facts.details).toMatchObject({ creator: 'Varve', sequenceNumber: 2 })
    await using chain = await openChain(path, nodePorts)
    const back = Buffer.alloc(size)
    await chain.disk.readInto(back, 0)
    expect(back.equals(disk)).toBe(true)
  })

  test('blocks of zeros have no place, in a fixed disk they have', async () => {
    await using place = await tempPlace()
    const disk = Buffer.alloc(32 * MiB)
    disk[20 * MiB] = 1
    const sizes = []
    for (const subformat of ['dynamic', 'fixed'])
      sizes.push(await writeDisk(vhdxWriter, place.file(subformat), disk, { compression, subformat }))
    expect(sizes).toEqual([(4 + 8) * MiB, (4 + 32) * MiB])
  })

  test('the same bytes with any number of writers', async () => {
    await using place = await tempPlace()
    const disk = patchyDisk(40 * MiB)
    for (const writers of [1, 4])
      await writeDisk(vhdxWriter, place.file(`${writers}`), disk, { compression, writers })
    expect((await readFile(place.file('1'))).equals(await readFile(place.file('4')))).toBe(true)
  })
})

test('sizes and kinds that it cannot hold are refused', () => {
  const stateSize = (virtualSize: number, subformat?: string) => () =>
    vhdxWriter.stateSize({ virtualSize, compression, subformat })
  const code = (expected: string) => expect.objectContaining({ code: expected }) as Error
  for (const size of [MiB + 1, 64 * 1024 ** 4 + 512, -512, 0.5, NaN])
    expect(stateSize(size), `${size}`).toThrow(code('size-unsupported'))
  expect(stateSize(MiB, 'differencing')).toThrow(code('unsupported-feature'))
  expect(stateSize(64 * 1024 ** 4)()).toBeLessThan(16 * MiB)
})

// QEMU opens no VHDX with such sectors; libvhdi does.
describe.skipIf(!requires('vhdiinfo'))('VHDX of 4,096-byte sectors', () => {
  test.each([
    ['dynamic', 40 * MiB],
    ['fixed', 21 * MiB + 4096],
  ])('%s of %i bytes with logical sectors of 4,096', async (subformat, size) => {
    await using place = await tempPlace()
    const disk = patchyDisk(size)
    const path = place.file('disk.vhdx')
    const choices = { logicalSectorSize: 4096 } as const
    await writeDisk(vhdxWriter, path, disk, { compression, subformat, choices, writers: 3 })
    expect(await runToolOk('vhdiinfo', [path])).toMatch(/Bytes per sector\s*: 4096 bytes/u)
    await using chain = await openChain(path, nodePorts)
    const back = Buffer.alloc(size)
    await chain.disk.readInto(back, 0)
    expect(back.equals(disk)).toBe(true)
    const { links, problems } = await inspectChain(path, nodePorts)
    expect(problems).toEqual([])
    expect(links[0].facts.details).toMatchObject({ logicalSectorSize: 4096, physicalSectorSize: 4096 })
  })

  test('logical sectors of 4,096 need whole ones', () => {
    const options = { virtualSize: 4096 + 512, compression, choices: { logicalSectorSize: 4096 } } as const
    expect(() => vhdxWriter.stateSize(options)).toThrow(expect.objectContaining({ code: 'size-unsupported' }))
  })
})
