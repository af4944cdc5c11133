import { open, readFile, writeFile } from 'node:fs/promises'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../../testing/node-files.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { testId, writeDisk } from '../../testing/write-disk.ts'
import { sharedAllocation } from './allocation.ts'
import { qcow2Driver } from './driver.ts'
import { clusterSize, clustersPerRegion, layoutQcow2 } from './layout.ts'
import { qcow2Writer } from './writer.ts'

const MiB = 1024 * 1024
const compressions = ['none', 'zlib', 'zstd'] as const
const sizes = [512, 65_536, 3 * MiB + 512, 4 * MiB, 20 * MiB + 65_536 + 1024]

const cases = compressions.flatMap((compression) => sizes.map((size) => ({ compression, size })))

interface CheckReport {
  readonly 'check-errors': number
  readonly corruptions?: number
  readonly leaks?: number
  readonly 'allocated-clusters'?: number
}

describe.skipIf(!requires('qemu-img'))('qcow2 writer against QEMU', () => {
  test.each(cases)('$compression, $size bytes', async ({ compression, size }) => {
    await using place = await tempPlace()
    const disk = randomDisk(size, size)
    const image = place.file('disk.qcow2')
    const raw = place.file('disk.raw')
    await writeFile(raw, disk)
    const fileSize = await writeDisk(qcow2Writer, image, disk, { compression, writers: 3 })
    expect(await check(image)).toEqual({ exitCode: 0, corruptions: 0, leaks: 0 })
    await runToolOk('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', raw, image])
    expect(Buffer.compare(await readBack(image), disk)).toBe(0)
    expect(fileSize).toBeLessThanOrEqual(
      qcow2Writer.measure({ virtualSize: size, dataBytes: size, compression }),
    )
  })

  test.each(compressions)('the bytes do not depend on the number of writers: %s', async (compression) => {
    await using place = await tempPlace()
    const disk = randomDisk(24 * MiB, 7)
    await writeDisk(qcow2Writer, place.file('one'), disk, { compression })
    await writeDisk(qcow2Writer, place.file('three'), disk, { compression, writers: 3 })
    expect(Buffer.compare(await readFile(place.file('one')), await readFile(place.file('three')))).toBe(0)
  })

  test.each(compressions)('refcounts hold across regions of 2 GiB: %s', async (compression) => {
    await using place = await tempPlace()
    const disk = randomDisk(24 * MiB, 8)
    const image = place.file('disk.qcow2')
    const raw = place.file('disk.raw')
    await writeFile(raw, disk)
    let skipped = 0
    const onState = (state: ArrayBufferLike) => {
      const allocation = sharedAllocation(state, layoutQcow2(disk.length))
      for (; allocation.clusters() < clustersPerRegion - 70; skipped += 1) allocation.takeCluster([])
    }
    const fileSize = await writeDisk(qcow2Writer, image, disk, { compression, onState })
    expect(fileSize).toBeGreaterThan((clustersPerRegion + 2) * clusterSize)
    expect(await check(image)).toEqual({ exitCode: 3, corruptions: 0, leaks: skipped })
    await runToolOk('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', raw, image])
  })

  test.each([0, MiB, 1024 ** 3, 64 * 1024 ** 4])('an empty disk of %i bytes', async (size) => {
    await using place = await tempPlace()
    const image = place.file('disk.qcow2')
    const state = new SharedArrayBuffer(qcow2Writer.stateSize({ virtualSize: size, compression: 'zstd' }))
    const compressors = { deflate: unused, deflateRaw: unused, zstd: unused }
    const writer = qcow2Writer.open({
      id: testId,
      virtualSize: size,
      compression: 'zstd',
      compressors,
      state,
    })
    const handle = await open(image, 'wx')
    for (const { at, bytes } of writer.finish()) await handle.write(bytes, 0, bytes.length, at)
    await handle.truncate(writer.fileSize())
    await handle.close()
    expect(await check(image)).toEqual({ exitCode: 0, corruptions: 0, leaks: 0 })
    const info = JSON.parse(await runToolOk('qemu-img', ['info', '--output=json', image])) as Record<
      string,
      unknown
    >
    expect(info['virtual-size']).toBe(size)
    expect(writer.fileSize()).toBe(
      qcow2Writer.measure({ virtualSize: size, dataBytes: 0, compression: 'zstd' }),
    )
  })

  test('measure is close to what QEMU measures for a full disk', async () => {
    for (const size of [MiB, 1024 ** 3, 100 * 1024 ** 3, 10 * 1024 ** 4]) {
      const json = await runToolOk('qemu-img', [
        'measure',
        '--output=json',
        '-O',
        'qcow2',
        '--size',
        String(size),
      ])
      const { 'fully-allocated': theirs } = JSON.parse(json) as { 'fully-allocated': number }
      const ours = qcow2Writer.measure({ virtualSize: size, dataBytes: size, compression: 'none' })
      expect(Math.abs(ours - theirs)).toBeLessThan(8 * 65_536)
    }
  })
})

async function check(image: string) {
  const { exitCode, stdout } = await runTool('qemu-img', ['check', '--output=json', '-f', 'qcow2', image])
  const report = JSON.parse(stdout) as CheckReport
  return { exitCode, corruptions: report.corruptions ?? 0, leaks: report.leaks ?? 0 }
}

async function readBack(image: string): Promise<Uint8Array> {
  await using file = await nodePorts.files.open(image)
  const facts = await qcow2Driver.inspect(file, nodePorts)
  expect(facts.problems).toEqual([])
  await using layer = await qcow2Driver.openLayer(file, nodePorts)
  const bytes = new Uint8Array(layer.disk.virtualSize).fill(0xee)
  await layer.disk.readInto(bytes, 0)
  return bytes
}

/** Runs of zeros, of one byte, of text and of noise, of random lengths. */
function randomDisk(size: number, seed: number): Uint8Array {
  const random = seededRandom(seed)
  const disk = new Uint8Array(size)
  let at = 0
  while (at < size) {
    const part = disk.subarray(at, at + 512 * (random(random(4) === 0 ? 4000 : 300) + 1))
    const kind = random(4)
    if (kind === 1) part.fill(random(255) + 1)
    if (kind === 2) part.forEach((_, i) => (part[i] = 97 + ((i * i) % 23)))
    if (kind === 3) part.forEach((_, i) => (part[i] = random(256)))
    at += part.length
  }
  return disk
}

function unused(): never {
  throw new Error('nothing is compressed here')
}
