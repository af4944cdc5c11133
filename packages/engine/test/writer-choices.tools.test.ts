import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { describe, expect, test } from 'vitest'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { convertDisk } from '../src/disks/convert-disk.ts'
import { digestDisk } from '../src/disks/digest-disk.ts'
import { measureDisk } from '../src/disks/measure-disk.ts'
import { chunkStates, type Backing, type TransferProgress } from '../src/run/requests.ts'
import { MiB, image, newImage, noise, writeMixed, writeSparse } from './fixtures.ts'

const size = 61 * MiB

const backingOf = (path: string, name: string, format: string): Backing => ({
  name,
  format,
  disk: image(path),
})

async function isImageOf(path: string, disk: string): Promise<void> {
  await runToolOk('qemu-img', ['check', '-f', 'qcow2', path])
  await runToolOk('qemu-img', ['compare', '-F', 'qcow2', disk, path])
  const [expected, found] = await Promise.all([digestDisk(image(disk)), digestDisk(image(path))])
  expect(found.digest).toBe(expected.digest)
}

describe.skipIf(!requires('qemu-img', 'qemu-io'))('overlays', () => {
  test.each([false, true])('hold what differs from a chain of images, extended L2 %s', async (extendedL2) => {
    await using place = await tempPlace()
    writeMixed(place.file('base.raw'), size)
    await runToolOk('qemu-img', ['convert', '-O', 'vmdk', place.file('base.raw'), place.file('base.vmdk')])
    const create = ['create', '-q', '-f', 'qcow2', '-b', 'base.vmdk', '-F', 'vmdk']
    await runToolOk('qemu-img', [...create, place.file('middle.qcow2')])
    await runToolOk('qemu-io', ['-c', 'write -P 7 5M 100k', place.file('middle.qcow2')])
    const over = ['create', '-q', '-f', 'qcow2', '-b', 'middle.qcow2', '-F', 'qcow2']
    await runToolOk('qemu-img', [...over, place.file('now.qcow2'), '80M'])
    const writes = ['write -P 9 70M 10k', 'write -z 5M 64k', 'write -P 3 9M 1k', 'discard 0 4M']
    await runToolOk('qemu-io', [...writes.flatMap((write) => ['-c', write]), place.file('now.qcow2')])
    await runToolOk('qemu-img', ['convert', '-O', 'raw', place.file('now.qcow2'), place.file('now.raw')])
    const output = {
      ...newImage(place.file('overlay.qcow2'), 'qcow2'),
      choices: { extendedL2 },
      backing: backingOf(place.file('middle.qcow2'), 'middle.qcow2', 'qcow2'),
    }
    const seen: TransferProgress[] = []
    const onProgress = (progress: TransferProgress) => seen.push(progress)
    const input = image(place.file('now.raw'), 'raw')
    const outcome = await convertDisk(input, output, { onProgress })
    await isImageOf(output.path, place.file('now.raw'))
    expect(outcome.fileSize).toBeLessThan(MiB)
    expect(outcome.virtualSize).toBe(80 * MiB)
    expect(seen.at(-1)?.doneBytes).toBe(seen.at(-1)?.totalBytes)
    expect([...(seen.at(-1)?.states ?? [])]).not.toContain(chunkStates.waiting)
    const again = { ...output, path: place.file('again.qcow2') }
    await convertDisk(input, again, { workers: 3 })
    expect(readFileSync(again.path).equals(readFileSync(output.path))).toBe(true)
  })

  test('zeros hide data of the backing file, chunks that are holes of the source too', async () => {
    await using place = await tempPlace()
    writeSparse(place.file('base.raw'), size, [[0, noise(16 * MiB, 5)]])
    writeSparse(place.file('now.raw'), size, [[MiB, noise(65_536, 6)]])
    const output = {
      ...newImage(place.file('overlay.qcow2'), 'qcow2', 'zstd'),
      backing: backingOf(place.file('base.raw'), 'base.raw', 'raw'),
    }
    await convertDisk(image(place.file('now.raw'), 'raw'), output)
    await isImageOf(output.path, place.file('now.raw'))
  })

  test('a backing file that is longer or ends inside a sector', async () => {
    await using place = await tempPlace()
    writeMixed(place.file('now.raw'), size)
    for (const length of [size + 8 * MiB, 20 * MiB + 13, 512]) {
      writeMixed(place.file(`base-${length}`), 70 * MiB)
      truncateSync(place.file(`base-${length}`), length)
      const output = {
        ...newImage(place.file(`overlay-${length}.qcow2`), 'qcow2'),
        backing: {
          ...backingOf(place.file(`base-${length}`), `base-${length}`, 'raw'),
          disk: image(place.file(`base-${length}`), 'raw'),
        },
      }
      await convertDisk(image(place.file('now.raw'), 'raw'), output)
      await isImageOf(output.path, place.file('now.raw'))
    }
  })

  test('a backing file that is not there leaves no overlay', async () => {
    await using place = await tempPlace()
    writeMixed(place.file('now.raw'), 8 * MiB)
    const output = {
      ...newImage(place.file('overlay.qcow2'), 'qcow2'),
      backing: backingOf(place.file('gone.raw'), 'gone.raw', 'raw'),
    }
    await expect(convertDisk(image(place.file('now.raw')), output)).rejects.toThrow(
      expect.objectContaining({ code: 'not-found' }),
    )
    expect(() => statSync(output.path)).toThrow('ENOENT')
  })
})

describe.skipIf(!requires('qemu-img'))('preallocation', () => {
  const cases = [
    ['raw', 'falloc'],
    ['raw', 'full'],
    ['qcow2', 'metadata'],
    ['qcow2', 'falloc'],
    ['qcow2', 'full'],
  ] as const
  test.each(cases)('%s, %s', async (format, preallocation) => {
    await using place = await tempPlace()
    writeMixed(place.file('a.raw'), size)
    const choices = { preallocation }
    const output = { ...newImage(place.file('b'), format), choices }
    const { fileSize } = await convertDisk(image(place.file('a.raw'), 'raw'), output)
    const { size: length, blocks } = statSync(output.path)
    expect(length).toBe(fileSize)
    const taken = blocks * 512
    if (preallocation === 'metadata') expect(taken).toBeLessThan(30 * MiB)
    else expect(taken).toBeGreaterThanOrEqual(fileSize)
    const measure = await measureDisk(image(place.file('a.raw'), 'raw'), {
      format,
      compression: 'none',
      choices,
    })
    expect(measure.required).toBe(fileSize)
    if (format === 'qcow2') await isImageOf(output.path, place.file('a.raw'))
    else expect(readFileSync(output.path).equals(readFileSync(place.file('a.raw')))).toBe(true)
  })

  test('a format that does not offer it', async () => {
    await using place = await tempPlace()
    writeMixed(place.file('a.raw'), 8 * MiB)
    for (const [format, choices] of [
      ['raw', { preallocation: 'metadata' }],
      ['raw', { extendedL2: true }],
      ['vdi', { preallocation: 'full' }],
      ['vhdx', { extendedL2: true }],
    ] as const) {
      const output = { ...newImage(place.file('b'), format), choices }
      await expect(convertDisk(image(place.file('a.raw')), output)).rejects.toThrow(
        expect.objectContaining({ code: 'refused' }),
      )
    }
  })
})

describe('faults', async () => {
  const coded = (code: string) => expect.objectContaining({ name: 'DiskError', code })

  test('the signal comes while room is taken: the file is gone', async () => {
    await using place = await tempPlace()
    writeSparse(place.file('a.raw'), 1024 * MiB, [])
    const output = { ...newImage(place.file('b'), 'raw'), choices: { preallocation: 'full' as const } }
    const controller = new AbortController()
    setImmediate(() => controller.abort())
    const run = convertDisk(image(place.file('a.raw'), 'raw'), output, { signal: controller.signal })
    await expect(run).rejects.toThrow(coded('canceled'))
    expect(readdirSync(place.path)).toEqual(['a.raw'])
  })

  await using probe = await tempPlace()
  const mounted = await runTool('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe.path])
  const canMount = mounted.exitCode === 0
  if (canMount) await runToolOk('umount', [probe.path])
  else process.stderr.write('skipped: a small tmpfs cannot be mounted here\n')

  test.skipIf(!canMount).each(['falloc', 'full'] as const)('no space, %s', async (preallocation) => {
    await using place = await tempPlace()
    writeMixed(place.file('a.raw'), size)
    mkdirSync(place.file('small'))
    await runToolOk('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', place.file('small')])
    try {
      for (const format of ['raw', 'qcow2'] as const) {
        const output = { ...newImage(place.file('small/b'), format), choices: { preallocation } }
        const run = convertDisk(image(place.file('a.raw'), 'raw'), output)
        await expect(run).rejects.toThrow(coded('no-space'))
        expect(readdirSync(place.file('small'))).toEqual([])
      }
    } finally {
      await runToolOk('umount', [place.file('small')])
    }
  })

  test('the backing file changes while it is compared: no overlay', async () => {
    await using place = await tempPlace()
    writeMixed(place.file('base.raw'), size)
    writeSparse(place.file('now.raw'), size, [[0, noise(40 * MiB, 9)]])
    const output = {
      ...newImage(place.file('overlay.qcow2'), 'qcow2'),
      backing: backingOf(place.file('base.raw'), 'base.raw', 'raw'),
    }
    const onProgress = () => appendFileSync(place.file('base.raw'), 'more')
    const run = convertDisk(image(place.file('now.raw'), 'raw'), output, { onProgress })
    await expect(run).rejects.toThrow(coded('source-changed'))
    expect(existsSync(output.path)).toBe(false)
  })
})
