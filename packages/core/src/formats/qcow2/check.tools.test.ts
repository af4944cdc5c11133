import { readFile, writeFile } from 'node:fs/promises'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../../testing/node-files.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { CheckReport } from '../../image/check-report.ts'
import { checkQcow2 } from './check.ts'

const clusterSize = 4096

async function check(path: string): Promise<CheckReport> {
  await using file = await nodePorts.files.open(path)
  return await checkQcow2(file)
}

/** How many places the findings with one of the ids are about. */
function timesOf({ findings }: CheckReport, ...ids: readonly string[]): number {
  return findings.filter(({ id }) => ids.includes(id)).reduce((sum, { count = 1 }) => sum + count, 0)
}

interface QemuCheck {
  readonly corruptions?: number
  readonly leaks?: number
  readonly 'check-errors': number
  readonly 'allocated-clusters'?: number
}

/** What QEMU says, or null when it does not open the image at all. */
async function qemuCheck(path: string): Promise<QemuCheck | null> {
  const { stdout } = await runTool('qemu-img', ['check', '-f', 'qcow2', '--output=json', path])
  return stdout === '' ? null : (JSON.parse(stdout) as QemuCheck)
}

/** A disk with snapshots, a bitmap, compressed, zero and shared clusters. */
async function makeBusy(path: string, options = ''): Promise<void> {
  await runToolOk('qemu-img', [
    'create',
    '-q',
    '-f',
    'qcow2',
    '-o',
    `cluster_size=${clusterSize}${options}`,
    path,
    '16M',
  ])
  const write = async (...writes: string[]) =>
    await runToolOk('qemu-io', ['-f', 'qcow2', ...writes.flatMap((each) => ['-c', `write -q ${each}`]), path])
  await write('-P 1 0 300k', '-c -P 2 1M 16k', '-c -P 3 1040k 16k', '-z 2M 64k', '-P 4 9M 1M')
  await runToolOk('qemu-img', ['snapshot', '-c', 'first', path])
  await write('-P 5 100k 40k', '-z 9M 8k')
  if (!options.includes('0.10')) await runToolOk('qemu-img', ['bitmap', '--add', path, 'changes'])
  await write('-P 6 5M 123k')
  await runToolOk('qemu-img', ['snapshot', '-c', 'second', path])
  await write('-P 7 200k 4k')
}

const kinds = [
  '',
  ',compat=0.10',
  ',refcount_bits=8',
  ',refcount_bits=64',
  ',extended_l2=on,cluster_size=16k',
]

describe.skipIf(!requires('qemu-img', 'qemu-io'))('the check of a qcow2 image', () => {
  test.each(kinds)('finds nothing in a clean image%s', async (kind) => {
    await using place = await tempPlace()
    const path = place.file('clean.qcow2')
    await makeBusy(path, kind)
    const report = await check(path)
    expect(report.findings).toEqual([])
    expect(report.isComplete).toBe(true)
    const oracle = await qemuCheck(path)
    const unit = kind.includes('16k') ? 16 * 1024 : clusterSize
    expect((report.totals.allocatedBytes ?? 0) / unit).toBe(oracle?.['allocated-clusters'])
  })

  test.each([1, 2, 3, 4])('counts what QEMU counts in damaged images: seed %i', async (seed) => {
    await using place = await tempPlace()
    const whole = place.file('whole.qcow2')
    const broken = place.file('broken.qcow2')
    await makeBusy(whole)
    const image = await readFile(whole)
    const random = seededRandom(seed)
    const tables = tablesOf(image)
    let compared = 0
    let corrupted = 0
    let leaked = 0
    for (let round = 0; round < 40; round += 1) {
      const damaged = Buffer.from(image)
      for (let changes = 1 + random(3); changes > 0; changes -= 1) {
        const at = (tables[random(tables.length)] ?? 0) + random(clusterSize / 8) * 8
        const kind = random(4)
        if (kind === 0)
          damaged.writeUInt8(damaged.readUInt8(at + random(8)) ^ (1 << random(8)), at + random(8))
        if (kind === 1) damaged.copy(damaged, at, at - 8, at)
        if (kind === 2) damaged.writeUInt16BE(random(4), at + random(4) * 2)
        if (kind === 3) damaged.fill(0, at, at + 8)
      }
      await writeFile(broken, damaged)
      const oracle = await qemuCheck(broken)
      const report = await check(broken)
      if (oracle === null || oracle['check-errors'] > 0 || !report.isComplete) continue
      // QEMU does not look for overlaps, and calls what may be lost data a leak.
      const ours = timesOf(report, 'qcow2-overlap', 'qcow2-wiped-table', 'qcow2-lost-table')
      const lost = timesOf(report, 'qcow2-lost-clusters')
      const { corruptions, leaks } = report.totals
      expect({ round, leaks: leaks + lost, corruptions: corruptions - ours - lost }).toEqual({
        round,
        leaks: oracle.leaks ?? 0,
        corruptions: oracle.corruptions ?? 0,
      })
      compared += 1
      corrupted += corruptions > 0 ? 1 : 0
      leaked += leaks + lost > 0 ? 1 : 0
    }
    expect(compared).toBeGreaterThan(15)
    expect(corrupted).toBeGreaterThan(3)
    expect(leaked).toBeGreaterThan(3)
  })
})

/** Places of the refcount blocks, the L1 tables and the L2 tables of the active disk. */
function tablesOf(image: Buffer): number[] {
  const offsetAt = (at: number) => Number(image.readBigUInt64BE(at) & 0x00ff_ffff_ffff_fe00n)
  const entries = (at: number, count: number) =>
    Array.from({ length: count }, (_, i) => offsetAt(at + i * 8)).filter((offset) => offset !== 0)
  const l1 = offsetAt(40)
  return [l1, ...entries(l1, image.readUInt32BE(36)), ...entries(offsetAt(48), clusterSize / 8)]
}

test.skipIf(!requires('qemu-img', 'qemu-io'))('neighbours with the same fault are one finding', async () => {
  await using place = await tempPlace()
  const path = place.file('disk.qcow2')
  await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', path, '100M'])
  await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 5 0 4M', path])
  const image = await readFile(path)
  const offsetAt = (at: number) => Number(image.readBigUInt64BE(at) & 0x00ff_ffff_ffff_fe00n)
  const block = offsetAt(offsetAt(48))
  const l2 = offsetAt(offsetAt(40))
  const uncounted = Buffer.from(image)
  uncounted.fill(0, block, block + 65_536)
  await writeFile(path, uncounted)
  const { findings, totals } = await check(path)
  expect(totals.corruptions).toBe(64 + 1 + 64 + 5)
  expect(findings.map(({ message }) => message)).toEqual([
    'The copied flag of L1 entry 0 does not fit the refcount 0 of its L2 table.',
    'The copied flags of L2 entries do not fit the refcount 0 of their clusters 5 to 68.',
    'Clusters 0 to 68 have refcount 0 and 1 reference.',
  ])
  image.fill(0xff, l2, l2 + 65_536)
  await writeFile(path, image)
  const overwritten = await check(path)
  expect(overwritten.findings.map(({ id, count }) => [id, count])).toEqual([
    ['qcow2-l2-entry', 8192],
    ['qcow2-beyond-file', 8192],
    ['qcow2-lost-clusters', 64],
  ])
  expect(overwritten.totals).toMatchObject({ leaks: 0, leakedBytes: 0 })
})
