import { open, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { checkFile } from '../src/images/check-file.ts'
import { repairFile, undoRepair } from '../src/images/repair-file.ts'

const anywhere = { roots: null }

/** A qcow2 in which `count` clusters behind its data have a refcount of one and no use. */
async function leakyQcow2(place: TempPlace, options: string, count = 3): Promise<string> {
  const path = place.file('leaky.qcow2')
  await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', options, path, '16M'])
  await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 3 0 1M', '-c', 'write -q -P 4 9M 300k', path])
  const image = await readFile(path)
  const clusterSize = 2 ** image.readUInt32BE(20)
  const block = Number(image.readBigUInt64BE(Number(image.readBigUInt64BE(48))))
  const clusters = Math.ceil(image.length / clusterSize)
  const bits = 2 ** image.readUInt32BE(96)
  for (let cluster = clusters; cluster < clusters + count; cluster += 1) {
    const at = block + Math.floor((cluster * bits) / 8)
    if (bits === 16) image.writeUInt16BE(1, at)
    else image.writeUInt8(image.readUInt8(at) | (1 << ((cluster * bits) % 8)), at)
  }
  await writeFile(path, image)
  await truncate(path, (clusters + count) * clusterSize)
  return path
}

async function qemuSays(path: string): Promise<number> {
  return (await runTool('qemu-img', ['check', '-q', '-f', 'qcow2', path])).exitCode
}

async function dynamicVhd(place: TempPlace): Promise<string> {
  const raw = place.file('disk.raw')
  const path = place.file('disk.vhd')
  await writeFile(raw, new Uint8Array(5 * 1024 * 1024).fill(7))
  await runToolOk('qemu-img', ['convert', '-q', '-f', 'raw', '-O', 'vpc', raw, path])
  return path
}

async function overwrite(path: string, at: number, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'r+')
  await file.write(bytes, 0, bytes.length, at)
}

describe.skipIf(!requires('qemu-img', 'qemu-io'))('a repair', () => {
  test.each(['cluster_size=65536', 'cluster_size=4096,refcount_bits=1', 'cluster_size=65536,compat=0.10'])(
    'gives leaked clusters back, and can be taken back: %s',
    async (options) => {
      await using place = await tempPlace()
      const path = await leakyQcow2(place, options.replace(',compat=0.10', ''))
      const broken = await readFile(path)
      expect(await qemuSays(path)).toBe(3)
      expect((await checkFile(path, anywhere)).report.totals).toMatchObject({ corruptions: 0, leaks: 3 })
      const backup = place.file('backup.json')
      const outcome = await repairFile(path, { ...anywhere, backup })
      expect(outcome.fixes).toEqual([expect.stringContaining('3 leaked clusters')])
      expect(outcome.report.findings).toEqual([])
      expect(await qemuSays(path)).toBe(0)
      await undoRepair(path, backup)
      expect(Buffer.compare(await readFile(path), broken)).toBe(0)
      await undoRepair(path, backup)
      expect(Buffer.compare(await readFile(path), broken)).toBe(0)
    },
  )

  test('does nothing to a clean image and writes no backup', async () => {
    await using place = await tempPlace()
    const path = await leakyQcow2(place, 'cluster_size=65536', 0)
    const backup = place.file('backup.json')
    expect((await repairFile(path, { ...anywhere, backup })).fixes).toEqual([])
    await expect(stat(backup)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('is refused when more is wrong than leaks, and nothing is written', async () => {
    await using place = await tempPlace()
    const path = await leakyQcow2(place, 'cluster_size=65536')
    const image = await readFile(path)
    const l1 = Number(image.readBigUInt64BE(40))
    const l2 = Number(image.readBigUInt64BE(l1) & 0x00ff_ffff_ffff_fe00n)
    await overwrite(path, l2 + 8, image.subarray(l2, l2 + 8))
    const before = await readFile(path)
    const backup = place.file('backup.json')
    await expect(repairFile(path, { ...anywhere, backup })).rejects.toMatchObject({ code: 'refused' })
    expect(Buffer.compare(await readFile(path), before)).toBe(0)
    await expect(stat(backup)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('never replaces another file by its backup', async () => {
    await using place = await tempPlace()
    const path = await leakyQcow2(place, 'cluster_size=65536')
    const before = await readFile(path)
    const backup = place.file('precious')
    await writeFile(backup, 'precious')
    await expect(repairFile(path, { ...anywhere, backup })).rejects.toMatchObject({ code: 'target-exists' })
    expect(await readFile(backup, 'utf8')).toBe('precious')
    expect(Buffer.compare(await readFile(path), before)).toBe(0)
  })

  test('is refused while somebody has the image open for writing', async () => {
    await using place = await tempPlace()
    const path = await leakyQcow2(place, 'cluster_size=65536')
    const { spawn } = await import('node:child_process')
    const holder = spawn('sleep', ['60'], { stdio: ['ignore', await openFd(path), 'ignore'] })
    try {
      const repair = repairFile(path, { ...anywhere, backup: place.file('backup.json') })
      await expect(repair).rejects.toMatchObject({ code: 'in-use' })
    } finally {
      holder.kill()
    }
  })

  test('of an image that was written to since is not taken back', async () => {
    await using place = await tempPlace()
    const path = await leakyQcow2(place, 'cluster_size=65536')
    const backup = place.file('backup.json')
    await repairFile(path, { ...anywhere, backup })
    await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 9 12M 2M', path])
    const now = await readFile(path)
    await expect(undoRepair(path, backup)).rejects.toMatchObject({ code: 'refused' })
    expect(Buffer.compare(await readFile(path), now)).toBe(0)
    const text = await readFile(backup, 'utf8')
    await writeFile(backup, text.replace('"sizeBefore":', '"sizeBefore":1'))
    await expect(undoRepair(path, backup)).rejects.toMatchObject({ code: 'corrupt' })
  })

  test.each(['zeroed', 'cut off', 'damaged', 'copy zeroed'])(
    'writes the footer of a VHD again: %s',
    async (kind) => {
      await using place = await tempPlace()
      const path = await dynamicVhd(place)
      const whole = await readFile(path)
      if (kind === 'zeroed') await overwrite(path, whole.length - 512, new Uint8Array(512))
      if (kind === 'cut off') await truncate(path, whole.length - 512)
      if (kind === 'damaged') await overwrite(path, whole.length - 400, new Uint8Array(20).fill(1))
      if (kind === 'copy zeroed') await overwrite(path, 0, new Uint8Array(512))
      const broken = await readFile(path)
      const backup = place.file('backup.json')
      const outcome = await repairFile(path, { ...anywhere, format: 'vhd', backup })
      expect(outcome.report.findings).toEqual([])
      expect(Buffer.compare(await readFile(path), whole)).toBe(0)
      await undoRepair(path, backup)
      expect(Buffer.compare(await readFile(path), broken)).toBe(0)
    },
  )

  test('of a VHD whose last block is cut short is refused', async () => {
    await using place = await tempPlace()
    const path = await dynamicVhd(place)
    await truncate(path, (await stat(path)).size - 4096)
    const repair = repairFile(path, { ...anywhere, backup: place.file('backup.json') })
    await expect(repair).rejects.toMatchObject({ code: 'refused' })
  })
})

/** A descriptor for a child's standard output; the test's own is closed when it is collected. */
async function openFd(path: string): Promise<number> {
  const { openSync } = await import('node:fs')
  return openSync(path, 'r+')
}
