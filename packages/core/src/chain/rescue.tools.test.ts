import { copyFile, readFile, rm, stat, truncate } from 'node:fs/promises'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { inspectImage } from '../layers/inspect-image.ts'
import { nodePorts } from '../testing/node-files.ts'
import { writeDisk } from '../testing/write-disk.ts'
import { openChain } from './open-chain.ts'
import { vmdkWriter } from '../formats/vmdk/writer.ts'

const MiB = 1024 * 1024
const rescue = { choices: { rescue: true } } as const

async function read(path: string, options = {}): Promise<Buffer> {
  await using chain = await openChain(path, nodePorts, options)
  const bytes = Buffer.alloc(chain.disk.virtualSize)
  await chain.disk.readInto(bytes, 0)
  return bytes
}

/** 12 MiB: each MiB of the first ten holds its number plus one. */
async function make(place: TempPlace, name: string, args: readonly string[]): Promise<string> {
  const raw = place.file('disk.raw')
  await runToolOk('qemu-img', ['create', '-q', '-f', 'raw', raw, '12M'])
  const writes = Array.from({ length: 10 }, (_, i) => ['-c', `write -q -P ${i + 1} ${i}M 1M`]).flat()
  await runToolOk('qemu-io', ['-f', 'raw', ...writes, raw])
  await runToolOk('qemu-img', ['convert', '-q', '-f', 'raw', ...args, raw, place.file(name)])
  return place.file(name)
}

async function warnings(path: string): Promise<string[]> {
  const { problems } = await inspectImage(path, nodePorts, rescue)
  expect(problems.filter(({ severity }) => severity === 'block')).toEqual([])
  return problems.filter(({ id }) => id.startsWith('rescued-')).map(({ message }) => message)
}

const cuts = [
  ['stream.vmdk', ['-O', 'vmdk', '-o', 'subformat=streamOptimized'], 0.5],
  ['disk.vhdx', ['-O', 'vhdx', '-o', 'block_size=1M'], 0.75],
  ['disk.qcow2', ['-O', 'qcow2'], 0.5],
  ['disk.vdi', ['-O', 'vdi'], 0.5],
  ['disk.hds', ['-O', 'parallels'], 0.5],
  ['disk.vhd', ['-O', 'vpc', '-o', 'force_size=on'], 0.5],
  ['sparse.vmdk', ['-O', 'vmdk'], 0.5],
] as const

describe.skipIf(!requires('qemu-img', 'qemu-io'))('a rescue', () => {
  test.each(cuts)(
    'reads what is left of a cut %s, and is refused without being asked for',
    async (name, args, part) => {
      await using place = await tempPlace()
      const path = await make(place, name, args)
      const whole = await read(path)
      expect((await read(path, rescue)).equals(whole)).toBe(true)
      expect(await warnings(path)).toEqual([])
      await truncate(path, Math.floor((await stat(path)).size * part))
      await expect(read(path)).rejects.toMatchObject({ name: 'DiskError' })
      const rescued = await read(path, rescue)
      expect(rescued.length).toBe(whole.length)
      // What is there is right, the rest is zeros, and at least the first MiB are there.
      let same = 0
      for (let at = 0; at < 10 * MiB; at += 512) {
        const sector = rescued.subarray(at, at + 512)
        if (sector.equals(whole.subarray(at, at + 512))) same += 1
        else expect(sector.equals(Buffer.alloc(512))).toBe(true)
      }
      expect(same).toBeGreaterThan(2 * 2048)
      expect(same).toBeLessThan(10 * 2048)
      expect((await warnings(path))[0]).toMatch(/^Read with force: /u)
    },
  )

  test('reads a child without its parent, and one whose parent changed', async () => {
    await using place = await tempPlace()
    const base = await make(place, 'base.vmdk', ['-O', 'vmdk'])
    const child = place.file('child.vmdk')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'vmdk', '-F', 'vmdk', '-b', base, child])
    await runToolOk('qemu-io', ['-f', 'vmdk', '-c', 'write -q -P 99 1M 1M', child])
    const whole = await read(child)
    const other = place.file('other.vmdk')
    await copyFile(base, other)
    await runToolOk('qemu-io', ['-f', 'vmdk', '-c', 'write -q -P 77 0 512', base])
    await expect(read(child)).rejects.toMatchObject({ code: 'parent-mismatch' })
    const mixed = await read(child, rescue)
    expect(mixed[0]).toBe(77)
    expect(mixed.subarray(512).equals(whole.subarray(512))).toBe(true)
    expect((await warnings(child))[0]).toContain('not the one it was made from')
    await rm(base)
    await expect(read(child)).rejects.toMatchObject({ code: 'parent-missing' })
    const alone = await read(child, rescue)
    expect(alone[0]).toBe(0)
    expect(alone[MiB]).toBe(99)
    expect((await warnings(child))[0]).toContain('is not there')
  })

  test('reads a split VMDK without one of its parts', async () => {
    await using place = await tempPlace()
    const raw = place.file('big.raw')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'raw', raw, '3G'])
    await runToolOk('qemu-io', ['-f', 'raw', '-c', 'write -q -P 5 0 1M', '-c', 'write -q -P 6 2500M 1M', raw])
    const path = place.file('split.vmdk')
    const options = ['-O', 'vmdk', '-o', 'subformat=twoGbMaxExtentSparse']
    await runToolOk('qemu-img', ['convert', '-q', '-f', 'raw', ...options, raw, path])
    await rm(place.file('split-s002.vmdk'))
    await expect(openChain(path, nodePorts)).rejects.toMatchObject({ code: 'extent-file-missing' })
    await using chain = await openChain(path, nodePorts, rescue)
    const bytes = Buffer.alloc(MiB)
    await chain.disk.readInto(bytes, 0)
    expect(bytes.equals(Buffer.alloc(MiB, 5))).toBe(true)
    await chain.disk.readInto(bytes, 2500 * MiB)
    expect(bytes.equals(Buffer.alloc(MiB))).toBe(true)
    expect((await warnings(path))[0]).toContain('split-s002.vmdk')
  })

  test('of a stream without its footer finds the grains by their markers', async () => {
    await using place = await tempPlace()
    const path = place.file('ours.vmdk')
    const disk = Buffer.alloc(12 * MiB)
    for (let at = 0; at < 10 * MiB; at += 4) disk.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at)
    await writeDisk(vmdkWriter, path, disk, { compression: 'zlib', subformat: 'streamOptimized', writers: 2 })
    expect((await read(path)).equals(disk)).toBe(true)
    const { length } = await readFile(path)
    for (const [size, least] of [
      [length - 1, 160],
      [length - 1024, 160],
      [Math.floor(length / 2), 70],
      [70_000, 0],
    ] as const) {
      await truncate(path, size)
      await expect(read(path)).rejects.toMatchObject({ name: 'DiskError' })
      const rescued = await read(path, rescue)
      let whole = 0
      for (let at = 0; at < 10 * MiB; at += 65_536) {
        const grain = rescued.subarray(at, at + 65_536)
        if (grain.equals(disk.subarray(at, at + 65_536))) whole += 1
        else expect(grain.equals(Buffer.alloc(65_536))).toBe(true)
      }
      expect(whole).toBeGreaterThanOrEqual(least)
      expect((await warnings(path))[0]).toContain('found by their markers')
    }
  })

  test('of a stream cut anywhere gives whole grains or zeros', async () => {
    await using place = await tempPlace()
    const path = await make(place, 'stream.vmdk', ['-O', 'vmdk', '-o', 'subformat=streamOptimized'])
    const whole = await read(path)
    const { length } = await readFile(path)
    for (const size of [length - 1, length - 1024, length - 5000, Math.floor(length / 3), 70_000, 65_536]) {
      await truncate(path, size)
      const rescued = await read(path, rescue)
      for (let at = 0; at < 12 * MiB; at += 65_536) {
        const grain = rescued.subarray(at, at + 65_536)
        const isWhole = grain.equals(whole.subarray(at, at + 65_536))
        expect(isWhole || grain.equals(Buffer.alloc(65_536)), `${size} ${at}`).toBe(true)
      }
    }
  })
})
