import { readFile, writeFile } from 'node:fs/promises'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { DiskError } from '../../problems/disk-error.ts'
import { nodePorts } from '../../testing/node-files.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { qcow2Driver } from './driver.ts'

const MiB = 1024 * 1024
const clusterSize = 65_536
/** Larger disks are not compared: damage to the size must not fill the disk of the tests. */
const mostCompared = 64 * MiB

/** Where damage tells: header, refcount table, L1 and L2 tables, and anywhere. */
function damage(image: Uint8Array, random: (below: number) => number): Uint8Array {
  const damaged = new Uint8Array(image)
  const tables = [1, 3, 4].map((cluster) => cluster * clusterSize)
  for (let flips = 1 + random(3); flips > 0; flips -= 1) {
    const places = [random(112), (tables[random(3)] ?? 0) + random(64), random(image.length)]
    const at = places[random(3)] ?? 0
    damaged[at] = (damaged[at] ?? 0) ^ (1 << random(8))
  }
  return random(5) === 0 ? damaged.subarray(0, random(image.length)) : damaged
}

/** The whole disk; null when it is refused, and `large` when it is too large to compare. */
async function readDamaged(path: string): Promise<Uint8Array | 'large' | null> {
  await using file = await nodePorts.files.open(path)
  await qcow2Driver.inspect(file, nodePorts)
  try {
    await using layer = await qcow2Driver.openLayer(file, nodePorts)
    const { disk } = layer
    if (disk.virtualSize > mostCompared) return 'large'
    const bytes = new Uint8Array(disk.virtualSize)
    await disk.readInto(bytes, 0)
    return bytes
  } catch (error) {
    if (error instanceof DiskError) return null
    throw error
  }
}

describe.skipIf(!requires('qemu-img', 'qemu-io'))('a damaged qcow2 image', () => {
  test.each([1, 2])('reads as in QEMU or is refused: seed %i', async (seed) => {
    await using place = await tempPlace()
    const whole = place.file('whole.qcow2')
    const broken = place.file('broken.qcow2')
    const raw = place.file('oracle.raw')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', whole, String(2 * MiB)])
    const writes = [
      'write -q -P 3 0 100k',
      'write -q -c -P 4 256k 64k',
      'write -q -z 512k 64k',
      'write -q -P 9 1M 300k',
    ]
    await runToolOk('qemu-io', ['-f', 'qcow2', ...writes.flatMap((write) => ['-c', write]), whole])
    await runToolOk('qemu-img', ['snapshot', '-c', 'before', whole])
    const image = await readFile(whole)
    const random = seededRandom(seed)
    let compared = 0
    let refused = 0
    for (let round = 0; round < 60; round += 1) {
      await writeFile(broken, damage(image, random))
      const ours = await readDamaged(broken)
      if (ours === null) refused += 1
      if (ours === null || ours === 'large') continue
      const { exitCode, stderr } = await runTool('qemu-img', [
        'convert',
        '-f',
        'qcow2',
        '-O',
        'raw',
        broken,
        raw,
      ])
      expect({ round, exitCode, stderr }).toEqual({ round, exitCode: 0, stderr: '' })
      expect(Buffer.compare(ours, await readFile(raw))).toBe(0)
      compared += 1
    }
    expect(compared).toBeGreaterThan(10)
    expect(refused).toBeGreaterThan(10)
  })
})
