import { readFile } from 'node:fs/promises'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../../testing/node-files.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { testId, writeDisk } from '../../testing/write-disk.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { parallelsWriter } from './writer.ts'
import { bundleDescriptor, bundleImageName } from './write-descriptor.ts'

const MiB = 1024 ** 2

function patchyDisk(size: number): Buffer {
  const random = seededRandom(9)
  const disk = Buffer.alloc(size)
  for (let run = 0; run < 8; run += 1) {
    const start = random(size)
    disk.fill(`run ${run}`, start, Math.min(size, start + random(3 * MiB)))
  }
  return disk
}

describe.skipIf(!requires('qemu-img'))('a written Parallels bundle', () => {
  test.each([21 * MiB, 16 * 63 * 512 * 20, 5 * MiB + 512])('%i bytes', async (size) => {
    await using place = await tempPlace()
    const disk = patchyDisk(size)
    const path = place.file('DiskDescriptor.xml')
    const options = { compression: 'none', subformat: 'bundle', writers: 3 } as const
    const written = await writeDisk(parallelsWriter, path, disk, options)
    const dataBytes = Math.ceil(size / MiB) * MiB
    expect(written).toBeLessThanOrEqual(parallelsWriter.measure({ virtualSize: size, dataBytes, ...options }))
    const { links } = await inspectChain(path, nodePorts)
    expect(links[0].facts).toMatchObject({
      format: 'parallels',
      subformat: 'bundle',
      virtualSize: size,
      problems: [],
    })
    await using chain = await openChain(path, nodePorts)
    const back = Buffer.alloc(size)
    await chain.disk.readInto(back, 0)
    expect(back.equals(disk)).toBe(true)
    const image = place.file(bundleImageName('DiskDescriptor.xml'))
    expect((await runTool('qemu-img', ['check', '-f', 'parallels', image])).exitCode).toBe(0)
    await runToolOk('qemu-img', ['convert', '-f', 'parallels', '-O', 'raw', image, place.file('back')])
    expect((await readFile(place.file('back'))).equals(disk)).toBe(true)
  })
})

describe('names of bundles', () => {
  test('what XML cannot hold, or hosts do not allow, is refused', () => {
    for (const name of ['a\nb', 'a/b', '\ud800', 'x'.repeat(201)])
      expect(() => bundleImageName(name)).toThrow(expect.objectContaining({ code: 'refused' }))
  })

  test('marks of XML are written as text', () => {
    const bytes = bundleDescriptor({ virtualSize: MiB, clusterSize: MiB, name: 'a & <b>.hdd', id: testId })
    expect(new TextDecoder().decode(bytes)).toContain('<Name>a &amp; &lt;b&gt;.hdd</Name>')
  })

  test('an empty disk is refused', () => {
    const options = { virtualSize: 0, compression: 'none', subformat: 'bundle' } as const
    expect(() => parallelsWriter.stateSize(options)).toThrow(
      expect.objectContaining({ code: 'size-unsupported' }),
    )
  })
})
