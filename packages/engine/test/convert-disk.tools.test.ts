import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { compareDisks } from '../src/disks/compare-disks.ts'
import { convertDisk } from '../src/disks/convert-disk.ts'
import { digestDisk } from '../src/disks/digest-disk.ts'
import { mapDisk } from '../src/disks/map-disk.ts'
import { measureDisk } from '../src/disks/measure-disk.ts'
import { type TransferProgress, chunkStates } from '../src/run/requests.ts'
import { MiB, image, newImage, noise, writeMixed, writeSparse } from './fixtures.ts'

const sha256Of = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')

async function assertSame(a: string, b: string): Promise<void> {
  const { exitCode, stdout, stderr } = await runTool('qemu-img', ['compare', `file:${a}`, `file:${b}`])
  expect(`${stdout}${stderr}`).toContain('Images are identical')
  expect(exitCode).toBe(0)
}

const targets = [
  ['raw', 'none'],
  ['qcow2', 'none'],
  ['qcow2', 'zlib'],
  ['qcow2', 'zstd'],
] as const

describe.skipIf(!requires('qemu-img'))('convert, with qemu-img as the judge', () => {
  test.each(targets)('raw → %s, %s', async (format, compression) => {
    await using place = await tempPlace()
    writeMixed(place.file('a.raw'), 61 * MiB)
    const outcome = await convertDisk(
      image(place.file('a.raw')),
      newImage(place.file('b'), format, compression),
    )
    if (format === 'qcow2') await runToolOk('qemu-img', ['check', '-f', 'qcow2', place.file('b')])
    await runToolOk('qemu-img', ['convert', '-f', format, '-O', 'raw', place.file('b'), place.file('c')])
    expect(sha256Of(place.file('c'))).toBe(sha256Of(place.file('a.raw')))
    expect(outcome.fileSize).toBe(statSync(place.file('b')).size)
    expect(outcome.virtualSize).toBe(61 * MiB)
    const again = await digestDisk(image(place.file('b')), { sha256: true })
    expect(again.digest).toBe(outcome.digest)
    expect(again.sha256).toBe(sha256Of(place.file('a.raw')))
  })

  const sources = [
    ['vmdk', ['-o', 'subformat=monolithicSparse']],
    ['vmdk', ['-o', 'subformat=streamOptimized']],
    ['vmdk', ['-o', 'subformat=monolithicFlat']],
    ['vmdk', ['-o', 'subformat=twoGbMaxExtentSparse']],
    ['qcow2', ['-c']],
    ['qcow2', ['-o', 'compression_type=zstd', '-c']],
    ['qcow2', ['-o', 'cluster_size=4096,extended_l2=off']],
    ['qcow2', ['-o', 'extended_l2=on,cluster_size=128k']],
  ] as const
  test.each(sources)('%s %j → qcow2 and raw', async (format, options) => {
    await using place = await tempPlace()
    writeMixed(place.file('a.raw'), 61 * MiB)
    await runToolOk('qemu-img', [
      'convert',
      '-O',
      format,
      ...options,
      place.file('a.raw'),
      place.file(`b.${format}`),
    ])
    await convertDisk(image(place.file(`b.${format}`)), newImage(place.file('c.qcow2'), 'qcow2'))
    await convertDisk(image(place.file(`b.${format}`)), newImage(place.file('d.raw'), 'raw'))
    await runToolOk('qemu-img', ['check', place.file('c.qcow2')])
    await runToolOk('qemu-img', ['convert', '-O', 'raw', place.file('c.qcow2'), place.file('e.raw')])
    expect(sha256Of(place.file('e.raw'))).toBe(sha256Of(place.file('a.raw')))
    expect(sha256Of(place.file('d.raw'))).toBe(sha256Of(place.file('a.raw')))
  })

  test('a chain of qcow2 over VMDK over raw → raw and compressed qcow2', async () => {
    await using place = await tempPlace()
    writeMixed(place.file('base.raw'), 61 * MiB)
    await runToolOk('qemu-img', ['convert', '-O', 'vmdk', place.file('base.raw'), place.file('base.vmdk')])
    const create = ['create', '-f', 'qcow2', '-b', 'base.vmdk', '-F', 'vmdk']
    await runToolOk('qemu-img', [...create, place.file('middle.qcow2'), '80M'])
    await runToolOk('qemu-io', [
      '-c',
      'write -P 7 1M 100k',
      '-c',
      'write -z 31M 2M',
      place.file('middle.qcow2'),
    ])
    const top = ['create', '-f', 'qcow2', '-b', 'middle.qcow2', '-F', 'qcow2']
    await runToolOk('qemu-img', [...top, place.file('top.qcow2')])
    await runToolOk('qemu-io', ['-c', 'write -P 9 70M 10k', place.file('top.qcow2')])
    const input = image(place.file('top.qcow2'))
    await convertDisk(input, newImage(place.file('flat.raw'), 'raw'))
    await convertDisk(input, newImage(place.file('flat.qcow2'), 'qcow2', 'zstd'))
    await assertSame(place.file('top.qcow2'), place.file('flat.qcow2'))
    const stat = statSync(place.file('flat.raw'))
    await runToolOk('qemu-img', ['convert', '-O', 'raw', place.file('top.qcow2'), place.file('oracle.raw')])
    expect(sha256Of(place.file('flat.raw'))).toBe(sha256Of(place.file('oracle.raw')))
    expect(stat.size).toBe(80 * MiB)
  })

  test('the map names all data that qemu-img names, or knows a hole of the file there', async () => {
    await using place = await tempPlace()
    writeMixed(place.file('a.raw'), 61 * MiB)
    await runToolOk('qemu-img', ['convert', '-O', 'qcow2', place.file('a.raw'), place.file('b.qcow2')])
    const oracle = JSON.parse(
      await runToolOk('qemu-img', ['map', '--output=json', place.file('b.qcow2')]),
    ) as { start: number; length: number; data: boolean }[]
    const theirs = oracle.filter(({ data }) => data)
    let end = 0
    let data = 0
    for await (const extent of mapDisk(image(place.file('b.qcow2')))) {
      expect(extent.start).toBe(end)
      end = extent.start + extent.length
      if (extent.content !== 'data') continue
      data += extent.length
      const around = theirs.find(({ start, length }) => start <= extent.start && end <= start + length)
      expect(around).toBeDefined()
    }
    expect(end).toBe(61 * MiB)
    expect(data).toBeGreaterThan(14 * MiB)
  })
})

describe('convert', () => {
  test('a size that no sector divides stays as it is in raw', async () => {
    await using place = await tempPlace()
    writeSparse(place.file('a'), 5 * MiB + 13, [[5 * MiB, noise(13, 1)]])
    await convertDisk(image(place.file('a'), 'raw'), newImage(place.file('b'), 'raw'))
    expect(readFileSync(place.file('b')).equals(readFileSync(place.file('a')))).toBe(true)
  })

  test('an empty disk and one without data', async () => {
    await using place = await tempPlace()
    writeSparse(place.file('empty'), 0, [])
    writeSparse(place.file('blank'), 2 ** 42, [])
    const empty = await convertDisk(image(place.file('empty'), 'raw'), newImage(place.file('empty.2'), 'raw'))
    expect(empty).toMatchObject({ virtualSize: 0, dataBytes: 0, fileSize: 0 })
    const blank = await convertDisk(image(place.file('blank'), 'raw'), newImage(place.file('blank.2'), 'raw'))
    expect(blank).toMatchObject({ virtualSize: 2 ** 42, dataBytes: 0, fileSize: 2 ** 42 })
    expect(statSync(place.file('blank.2')).blocks).toBe(0)
  })

  test('holes are kept and zeros become holes', async () => {
    await using place = await tempPlace()
    writeSparse(place.file('a'), 64 * MiB, [
      [8 * MiB, Buffer.alloc(16 * MiB)],
      [40 * MiB, noise(4096, 1)],
    ])
    const outcome = await convertDisk(image(place.file('a'), 'raw'), newImage(place.file('b'), 'raw'))
    expect(statSync(place.file('b')).size).toBe(64 * MiB)
    expect(statSync(place.file('b')).blocks * 512).toBeLessThan(MiB)
    expect(outcome.dataBytes).toBeGreaterThanOrEqual(16 * MiB + 4096)
    expect([...outcome.manifest.entries()].map(({ index }) => index)).toEqual([10])
  })

  test.each(targets)('the same input gives the same bytes: %s, %s', async (format, compression) => {
    await using place = await tempPlace()
    writeMixed(place.file('a'), 61 * MiB)
    const sums = new Set<string>()
    for (const workers of [1, 2, 3, 5]) {
      const output = newImage(place.file(`b${workers}`), format, compression)
      await convertDisk(image(place.file('a'), 'raw'), output, { workers })
      sums.add(sha256Of(output.path))
    }
    expect(sums.size).toBe(1)
  })

  test('progress ends with every byte of data done and every chunk in its last state', async () => {
    await using place = await tempPlace()
    writeMixed(place.file('a'), 61 * MiB)
    const seen: TransferProgress[] = []
    const onProgress = (progress: TransferProgress) => seen.push(progress)
    await convertDisk(image(place.file('a'), 'raw'), newImage(place.file('b'), 'raw'), { onProgress })
    const last = seen.at(-1)
    expect(last?.doneBytes).toBe(last?.totalBytes)
    expect(last?.skippedBytes).toBeGreaterThanOrEqual(4 * MiB)
    const allowed = new Set<number>([chunkStates.written, chunkStates.skipped])
    expect([...(last?.states ?? [])].every((state) => allowed.has(state))).toBe(true)
    expect([...(last?.states ?? [])]).toContain(chunkStates.written)
  })

  test('the measure is an upper bound', async () => {
    await using place = await tempPlace()
    writeMixed(place.file('a'), 61 * MiB)
    for (const [format, compression] of targets) {
      const output = newImage(place.file(`b-${format}-${compression}`), format, compression)
      const { required, virtualSize } = await measureDisk(image(place.file('a'), 'raw'), {
        format,
        compression,
      })
      await convertDisk(image(place.file('a'), 'raw'), output)
      expect(virtualSize).toBe(61 * MiB)
      expect(statSync(output.path).blocks * 512).toBeLessThanOrEqual(required + 64 * 1024)
    }
  })

  test('an existing target is left as it is', async () => {
    await using place = await tempPlace()
    writeMixed(place.file('a'), 8 * MiB)
    writeFileSync(place.file('b'), 'precious')
    const run = convertDisk(image(place.file('a'), 'raw'), newImage(place.file('b'), 'raw'))
    await expect(run).rejects.toThrow(expect.objectContaining({ code: 'target-exists' }))
    expect(readFileSync(place.file('b'), 'utf8')).toBe('precious')
  })

  test('a folder that does not exist', async () => {
    await using place = await tempPlace()
    mkdirSync(place.file('c'))
    writeMixed(place.file('a'), 8 * MiB)
    const run = convertDisk(image(place.file('a'), 'raw'), newImage(place.file('c/d/b'), 'raw'))
    await expect(run).rejects.toThrow(expect.objectContaining({ code: 'folder-missing' }))
  })

  test('a source that is damaged leaves no target', async () => {
    await using place = await tempPlace()
    writeFileSync(place.file('a.qcow2'), 'QFI\xfb not really')
    const run = convertDisk(image(place.file('a.qcow2')), newImage(place.file('b'), 'raw'))
    await expect(run).rejects.toThrow(expect.objectContaining({ name: 'DiskError' }))
    expect(existsSync(place.file('b'))).toBe(false)
  })
})

describe('compare', () => {
  test('the first byte that differs is found, whichever thread finds what', async () => {
    await using place = await tempPlace()
    writeSparse(place.file('a'), 64 * MiB, [[0, noise(40 * MiB, 1)]])
    const other = noise(40 * MiB, 1)
    for (const at of [33 * MiB + 5, 21 * MiB + 3, 39 * MiB]) other[at] = ~(other[at] ?? 0)
    writeSparse(place.file('b'), 64 * MiB, [[0, other]])
    const found = await compareDisks(image(place.file('a'), 'raw'), image(place.file('b'), 'raw'))
    expect(found).toEqual({
      identical: false,
      sizes: [64 * MiB, 64 * MiB],
      firstDifference: 21 * MiB + 3,
      tail: null,
      zeroed: [],
    })
  })

  test('data against a hole', async () => {
    await using place = await tempPlace()
    writeSparse(place.file('a'), 64 * MiB, [])
    writeSparse(place.file('b'), 64 * MiB, [[50 * MiB, Buffer.from([1])]])
    writeSparse(place.file('c'), 64 * MiB, [[50 * MiB, Buffer.alloc(MiB)]])
    const [a, b, c] = ['a', 'b', 'c'].map((name) => image(place.file(name), 'raw'))
    if (!a || !b || !c) throw new Error('three images')
    expect(await compareDisks(a, b)).toMatchObject({ identical: false, firstDifference: 50 * MiB })
    expect(await compareDisks(b, a)).toMatchObject({ identical: false, firstDifference: 50 * MiB })
    expect(await compareDisks(a, c)).toMatchObject({ identical: true, firstDifference: null })
  })

  test('disks of different sizes differ where the shorter one ends', async () => {
    await using place = await tempPlace()
    writeSparse(place.file('a'), 5 * MiB, [])
    writeSparse(place.file('b'), 64 * MiB, [])
    writeSparse(place.file('c'), 64 * MiB, [[63 * MiB, Buffer.from([1])]])
    const [a, b, c] = ['a', 'b', 'c'].map((name) => image(place.file(name), 'raw'))
    if (!a || !b || !c) throw new Error('three images')
    const differs = { identical: false, zeroed: [], sizes: [5 * MiB, 64 * MiB], firstDifference: 5 * MiB }
    expect(await compareDisks(a, b)).toEqual({ ...differs, tail: 'zeros' })
    expect(await compareDisks(a, c)).toEqual({ ...differs, tail: 'data' })
  })
})
