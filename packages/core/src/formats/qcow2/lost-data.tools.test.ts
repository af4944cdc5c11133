import { readFile, truncate, writeFile } from 'node:fs/promises'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../../testing/node-files.ts'
import type { CheckReport } from '../../image/check-report.ts'
import { qcow2Driver } from './driver.ts'

const clusterSize = 65_536
const L1 = 40
const refcountTable = 48

async function check(path: string): Promise<CheckReport> {
  await using file = await nodePorts.files.open(path)
  const report = await qcow2Driver.check?.(file, nodePorts)
  if (!report) throw new Error('no check')
  return report
}

async function repair(path: string) {
  await using file = await nodePorts.files.open(path)
  return await qcow2Driver.repair?.(file)
}

/** What is found, as `kind id count`. */
const summary = ({ findings }: CheckReport) =>
  findings.map(({ kind, id, count = 1 }) => `${kind} ${id} ${count}`)

/** 24 clusters from the start on and one at 4 MiB. */
const twoRuns = ['write -q -P 5 0 1500k', 'write -q -P 6 4M 64k']

interface Recipe {
  readonly options?: readonly string[]
  readonly writes?: readonly string[]
}

async function make(place: TempPlace, { options = [], writes = twoRuns }: Recipe = {}): Promise<string> {
  const path = place.file('disk.qcow2')
  await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', ...options, path, '100M'])
  await runToolOk('qemu-io', ['-f', 'qcow2', ...writes.flatMap((write) => ['-c', write]), path])
  return path
}

const offsetAt = (image: Buffer, at: number) => Number(image.readBigUInt64BE(at) & 0x00ff_ffff_ffff_fe00n)
const l2Of = (image: Buffer) => offsetAt(image, offsetAt(image, L1))

/** Changes the image in its place. */
async function damage(path: string, change: (image: Buffer) => void): Promise<void> {
  const image = await readFile(path)
  change(image)
  await writeFile(path, image)
}

/** Counts `clusters` once, as of 16 bits; the file grows to hold 64 clusters. */
async function countOnce(path: string, clusters: readonly number[]): Promise<void> {
  await truncate(path, 64 * clusterSize)
  await damage(path, (image) => {
    const block = offsetAt(image, offsetAt(image, refcountTable))
    for (const cluster of clusters) image.writeUInt16BE(1, block + cluster * 2)
  })
}

describe.skipIf(!requires('qemu-img', 'qemu-io'))('clusters that are counted and in no table', () => {
  const wiped = [
    ['a whole L2 table', (image: Buffer) => image.fill(0, l2Of(image), l2Of(image) + clusterSize)],
    ['the sector of an L2 table', (image: Buffer) => image.fill(0, l2Of(image), l2Of(image) + 512)],
    [
      'the entry of the L1 table',
      (image: Buffer) => image.fill(0, offsetAt(image, L1), offsetAt(image, L1) + 8),
    ],
  ] as const
  test.each(wiped)('are possibly lost data when %s was wiped', async (_, change) => {
    await using place = await tempPlace()
    const path = await make(place)
    await damage(path, change)
    const report = await check(path)
    expect(report.totals).toMatchObject({ leaks: 0, leakedBytes: 0 })
    const [table, run, ...more] = report.findings
    expect(table?.id).toMatch(/^qcow2-(wiped|lost)-table$/u)
    expect(run).toMatchObject({ id: 'qcow2-lost-clusters', kind: 'corruption' })
    expect(run?.count).toBeGreaterThanOrEqual(24)
    expect(more).toEqual([])
    await expect(repair(path)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('may hold what the guest wrote') as string,
    })
  })

  test('with subclusters, compressed, and under a snapshot', async () => {
    const recipes: readonly Recipe[] = [
      { options: ['-o', 'extended_l2=on'] },
      { writes: Array.from({ length: 40 }, (_, i) => `write -q -c -P ${i + 1} ${i * 64}k 64k`) },
      { options: ['-o', 'refcount_bits=1'] },
    ]
    for (const recipe of recipes) {
      await using place = await tempPlace()
      const path = await make(place, recipe)
      await damage(path, wiped[0][1])
      const report = await check(path)
      expect(report.totals.leaks).toBe(0)
      expect(report.findings.map(({ id }) => id)).toContain('qcow2-lost-clusters')
      await expect(repair(path)).rejects.toMatchObject({ code: 'refused' })
    }
    await using packed = await tempPlace()
    const compressed = await make(packed, recipes[1])
    await damage(compressed, wiped[2][1])
    // The second run is a cluster that packed data share, counted more than once.
    expect((await check(compressed)).findings.map(({ id }) => id)).toEqual([
      'qcow2-lost-table',
      'qcow2-lost-clusters',
      'qcow2-lost-clusters',
    ])
    await using place = await tempPlace()
    const path = await make(place)
    await runToolOk('qemu-img', ['snapshot', '-c', 'kept', path])
    await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 7 0 128k', path])
    await damage(path, wiped[0][1])
    const report = await check(path)
    expect(report.totals.leaks).toBe(0)
    expect(report.findings.map(({ id }) => id)).toContain('qcow2-lost-clusters')
    await expect(repair(path)).rejects.toMatchObject({ code: 'refused' })
  })

  test('hide zeros of the guest over a backing file, so zeros count as data there', async () => {
    await using place = await tempPlace()
    const base = place.file('base.qcow2')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', base, '100M'])
    const path = await make(place, { options: ['-F', 'qcow2', '-b', base], writes: ['write -q -P 0 0 640k'] })
    await damage(path, wiped[0][1])
    expect(summary(await check(path))).toEqual([
      'corruption qcow2-wiped-table 1',
      'corruption qcow2-lost-clusters 10',
    ])
  })

  test('are leaks when no table is empty, one finding for neighbours, and are given back', async () => {
    await using place = await tempPlace()
    const path = await make(place)
    await countOnce(path, [40, 41, 42, 43, 50])
    const report = await check(path)
    expect(summary(report)).toEqual(['leak qcow2-leaked-cluster 4', 'leak qcow2-leaked-cluster 1'])
    expect(report.findings[0]?.message).toBe('Clusters 40 to 43 have refcount 1 and nothing refers to them.')
    expect(report.totals).toMatchObject({ leaks: 5, corruptions: 0, leakedBytes: 5 * clusterSize })
    expect((await repair(path))?.fixes).toHaveLength(1)
  })

  test('are leaks when they hold zeros, though a table is empty after a discard', async () => {
    await using place = await tempPlace()
    const path = await make(place)
    await runToolOk('qemu-io', ['-f', 'qcow2', '-d', 'unmap', '-c', 'discard 0 100M', path])
    await countOnce(path, [60, 61])
    expect(summary(await check(path))).toEqual(['leak qcow2-leaked-cluster 2'])
    expect((await repair(path))?.fixes).toHaveLength(1)
  })

  test('are leaks when they hold a copy of a table, as a snapshot leaves that could not be made', async () => {
    await using place = await tempPlace()
    const path = await make(place, { options: ['-o', 'refcount_bits=1'] })
    await runToolOk('qemu-io', ['-f', 'qcow2', '-d', 'unmap', '-c', 'discard 4M 96M', path])
    // With counts of one bit nothing can be shared: the L1 table of the snapshot stays behind.
    expect((await runTool('qemu-img', ['snapshot', '-c', 'a', path])).exitCode).not.toBe(0)
    expect((await check(path)).totals).toMatchObject({ corruptions: 0, leaks: 1 })
  })

  test('are leaks in an image that was not closed cleanly: lazy refcounts are no evidence', async () => {
    await using place = await tempPlace()
    const writes = [...twoRuns, 'write -q -P 7 50M 64k', 'write -q -z 50M 64k']
    const path = await make(place, { options: ['-o', 'lazy_refcounts=on'], writes })
    // The write sets the dirty bit, after which freed clusters stay counted until the image is closed.
    const steps = ['write -P 8 50M 64k', 'discard 0 1500k', 'discard 4M 64k', 'flush', 'abort']
    const crash = `qemu-io -f qcow2 -d unmap ${steps.map((step) => `-c '${step}'`).join(' ')} "$0" || true`
    await runToolOk('sh', ['-c', crash, path])
    const report = await check(path)
    expect(report.findings.map(({ id }) => id)).toContain('qcow2-dirty')
    expect(report.totals).toMatchObject({ corruptions: 0, leaks: 24 })
    const plan = await repair(path)
    expect(plan?.fixes).toHaveLength(1)
  })
})
