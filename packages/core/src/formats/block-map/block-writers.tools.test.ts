import { open, readFile, stat } from 'node:fs/promises'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../../testing/node-files.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { writeDisk } from '../../testing/write-disk.ts'
import type { WriterFormat } from '../../image/disk-writer.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { parallelsWriter } from '../parallels/writer.ts'
import { vdiWriter } from '../vdi/writer.ts'
import { vhdWriter } from '../vhd/writer.ts'

const MiB = 1024 ** 2

/** A disk with runs of noise, of one byte and of zeros, some across block borders. */
function patchyDisk(size: number): Buffer {
  const random = seededRandom(7)
  const disk = Buffer.alloc(size)
  for (let run = 0; run < 12; run += 1) {
    const start = random(size)
    const end = Math.min(size, start + random(3 * MiB))
    for (let at = start; at < end; at += 1) disk[at] = run % 2 === 0 ? run + 1 : (at * 2654435761) & 0xff
  }
  disk[size - 1] = 1
  return disk
}

const cases: readonly [WriterFormat, subformat: string, qemu: string][] = [
  [vhdWriter, 'dynamic', 'vpc'],
  [vhdWriter, 'fixed', 'vpc'],
  [vdiWriter, 'dynamic', 'vdi'],
  [vdiWriter, 'fixed', 'vdi'],
  [parallelsWriter, 'expanding', 'parallels'],
]

describe.skipIf(!requires('qemu-img')).each(cases)('a written disk', (format, subformat, qemu) => {
  test(`${format.format} ${subformat}: QEMU reads it as it was written, and so do we`, async () => {
    for (const size of [40 * MiB, 37 * MiB + 512, 3 * MiB - 1024]) {
      await using place = await tempPlace()
      const disk = patchyDisk(size)
      const raw = place.file('disk.raw')
      const path = place.file(`disk.${format.format}`)
      await using file = await open(raw, 'wx')
      await file.writeFile(disk)
      const fileSize = await writeDisk(format, path, disk, { compression: 'none', subformat, writers: 3 })
      expect((await stat(path)).size).toBe(fileSize)
      expect(fileSize).toBeLessThanOrEqual(
        format.measure({
          virtualSize: size,
          dataBytes: Math.ceil(size / format.unit) * format.unit,
          compression: 'none',
          subformat,
        }),
      )
      await runToolOk('qemu-img', ['compare', '-f', 'raw', '-F', qemu, raw, path])
      const checked = await runTool('qemu-img', ['check', '-f', qemu, path])
      expect([0, 63], checked.stderr).toContain(checked.exitCode)
      expect((await inspectChain(path, nodePorts)).links[0]?.facts).toMatchObject({
        format: format.format,
        subformat: expect.stringContaining(subformat) as string,
        virtualSize: size,
        problems: [],
      })
      await using chain = await openChain(path, nodePorts)
      const back = Buffer.alloc(size)
      await chain.disk.readInto(back, 0)
      expect(back.equals(disk)).toBe(true)
    }
  })

  test(`${format.format} ${subformat}: the same bytes whoever writes`, async () => {
    await using place = await tempPlace()
    const disk = patchyDisk(20 * MiB)
    for (const writers of [1, 4])
      await writeDisk(format, place.file(String(writers)), disk, { compression: 'none', subformat, writers })
    expect((await readFile(place.file('1'))).equals(await readFile(place.file('4')))).toBe(true)
  })

  test(`${format.format} ${subformat}: sizes that it cannot hold are refused`, () => {
    for (const virtualSize of [MiB + 1, 20 * 1024 ** 4]) {
      expect(() => format.stateSize({ virtualSize, compression: 'none', subformat })).toThrow(
        expect.objectContaining({ code: 'size-unsupported' }) as Error,
      )
    }
  })
})
