import { mkdir, open, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../../testing/node-files.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { nodeCompressors, testId, writeDisk } from '../../testing/write-disk.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { vmdkWriter } from './writer.ts'

const MiB = 1024 ** 2
const TiB = 1024 ** 4

const single = ['monolithicSparse', 'streamOptimized'] as const
const several = ['monolithicFlat', 'twoGbMaxExtentSparse', 'twoGbMaxExtentFlat'] as const
const subformats = [...single, ...several]
/** One chunk, several tables, and ends in the middle of a grain. */
const sizes = [512, 3 * MiB, 4 * MiB + 512, 70 * MiB + 66_048]

/** Runs of zeros, of one byte, of text and of noise; a whole grain table is left empty in larger disks. */
function patchyDisk(size: number): Buffer {
  const random = seededRandom(size)
  const disk = Buffer.alloc(size)
  for (let at = 0; at < size;) {
    const part = disk.subarray(at, at + 512 * (random(random(4) === 0 ? 4000 : 300) + 1))
    const kind = random(4)
    if (kind === 1) part.fill(random(255) + 1)
    if (kind === 2) part.forEach((_, i) => (part[i] = 97 + ((i * i) % 23)))
    if (kind === 3) part.forEach((_, i) => (part[i] = random(256)))
    at += part.length
  }
  disk.subarray(32 * MiB, 64 * MiB).fill(0)
  disk[size - 1] = 1
  return disk
}

async function readBack(path: string): Promise<Buffer> {
  await using chain = await openChain(path, nodePorts)
  const back = Buffer.alloc(chain.disk.virtualSize, 0xee)
  await chain.disk.readInto(back, 0)
  return back
}

describe.skipIf(!requires('qemu-img'))('VMDK writer against QEMU', () => {
  test.each(subformats.flatMap((subformat) => sizes.map((size) => ({ subformat, size }))))(
    '$subformat, $size bytes: QEMU reads it as it was written, and so do we',
    async ({ subformat, size }) => {
      await using place = await tempPlace()
      const disk = patchyDisk(size)
      const image = place.file('disk.vmdk')
      const raw = place.file('disk.raw')
      await writeFile(raw, disk)
      const fileSize = await writeDisk(vmdkWriter, image, disk, {
        compression: 'none',
        subformat,
        writers: 3,
      })
      const measured = { virtualSize: size, dataBytes: size, compression: 'none', subformat }
      expect(fileSize).toBeLessThanOrEqual(vmdkWriter.measure(measured))
      await runToolOk('qemu-img', ['compare', '-f', 'raw', '-F', 'vmdk', raw, image])
      const checked = await runTool('qemu-img', ['check', '-f', 'vmdk', image])
      expect(checked.exitCode, checked.stderr).toBe(0)
      const { links, problems } = await inspectChain(image, nodePorts)
      expect(problems).toEqual([])
      expect(links[0].facts).toMatchObject({ format: 'vmdk', subformat, virtualSize: size })
      expect((await readBack(image)).equals(disk)).toBe(true)
    },
  )

  test.each(subformats)('%s: the same bytes whoever writes', async (subformat) => {
    await using place = await tempPlace()
    const disk = patchyDisk(24 * MiB)
    const folders = await Promise.all(
      [1, 4].map(async (writers) => {
        const folder = place.file(String(writers))
        await mkdir(folder)
        await writeDisk(vmdkWriter, `${folder}/x.vmdk`, disk, { compression: 'none', subformat, writers })
        return folder
      }),
    )
    const [one = '', four = ''] = folders
    const names = await readdir(one)
    expect(names).toEqual(await readdir(four))
    for (const name of names)
      expect((await readFile(`${one}/${name}`)).equals(await readFile(`${four}/${name}`))).toBe(true)
  })

  test.each(single)('%s: an empty disk of 62 TiB', async (subformat) => {
    await using place = await tempPlace()
    const image = place.file('disk.vmdk')
    const virtualSize = 62 * TiB
    const state = new SharedArrayBuffer(vmdkWriter.stateSize({ virtualSize, compression: 'none', subformat }))
    const options = { id: testId, virtualSize, subformat, state, compressors: nodeCompressors }
    const writer = vmdkWriter.open({ ...options, compression: 'none' })
    const handle = await open(image, 'wx')
    for (const { at, bytes } of writer.finish()) await handle.write(bytes, 0, bytes.length, at)
    await handle.truncate(writer.fileSize())
    await handle.close()
    const info = JSON.parse(await runToolOk('qemu-img', ['info', '--output=json', image])) as unknown
    expect(info).toMatchObject({ format: 'vmdk', 'virtual-size': virtualSize })
    expect((await stat(image)).blocks * 512).toBeLessThan(32 * MiB)
    expect((await inspectChain(image, nodePorts)).problems).toEqual([])
    const measured = { virtualSize, dataBytes: 0, compression: 'none', subformat }
    expect(writer.fileSize()).toBeLessThanOrEqual(vmdkWriter.measure(measured))
  })
})
