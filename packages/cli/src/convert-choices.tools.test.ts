import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { gptPatches } from '@varve/core/testing/gpt-builder'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'

const command = resolve(import.meta.dirname, '../bin/varve.mjs')
const MiB = 1024 ** 2

async function varve(...args: string[]) {
  return execa(process.execPath, [command, ...args], { reject: false, stdin: 'ignore' })
}

async function convert(...args: string[]): Promise<void> {
  const { exitCode, stderr } = await varve('convert', ...args)
  expect(exitCode, stderr).toBe(0)
}

/** `base.raw` and `now.raw`, which differs from it in a few places. */
async function twoDisks(place: TempPlace): Promise<void> {
  const base = Buffer.alloc(24 * MiB)
  base.fill('base', 2 * MiB, 15 * MiB)
  mbrSector(base.length).copy(base)
  await writeFile(place.file('base.raw'), base)
  base.fill('now', 5 * MiB, 5 * MiB + 4096)
  base.fill(0, 8 * MiB, 9 * MiB)
  await writeFile(place.file('now.raw'), base)
}

const info = async (path: string): Promise<unknown> =>
  JSON.parse(await runToolOk('qemu-img', ['info', '--output=json', path]))

describe.skipIf(!requires('qemu-img'))('varve convert with choices', () => {
  test('what the source says against itself is told, though nobody has to consent to it', async () => {
    await using place = await tempPlace()
    await twoDisks(place)
    const [path, target] = [place.file('marked.qcow2'), place.file('new.raw')]
    await convert(place.file('base.raw'), path)
    const image = await readFile(path)
    image.writeUInt8(image.readUInt8(79) | 1, 79)
    await writeFile(path, image)
    const { exitCode, stderr, stdout } = await varve('convert', path, target, '--json')
    expect(exitCode, stderr).toBe(0)
    expect(stderr).toContain('it was not closed cleanly')
    expect((JSON.parse(stdout) as { findings: unknown }).findings).toMatchObject([{ id: 'qcow2-dirty' }])
  })

  test('an overlay over a backing file in its folder, and over one elsewhere', async () => {
    await using place = await tempPlace()
    await twoDisks(place)
    await mkdir(place.file('sub'))
    await convert(place.file('base.raw'), place.file('base.vmdk'))
    for (const [target, name] of [
      ['over.qcow2', 'base.vmdk'],
      ['sub/over.qcow2', place.file('base.vmdk')],
    ] as const) {
      const path = place.file(target)
      await convert(
        place.file('now.raw'),
        path,
        '--backing',
        place.file('base.vmdk'),
        '--option',
        'extended_l2=on',
      )
      await runToolOk('qemu-img', ['check', path])
      await runToolOk('qemu-img', ['compare', place.file('now.raw'), path])
      expect(await info(path)).toMatchObject({
        'backing-filename': name,
        'backing-filename-format': 'vmdk',
        'format-specific': { data: { 'extended-l2': true } },
      })
      expect((await stat(path)).size).toBeLessThan(MiB)
    }
  })

  test('a backing file is never replaced', async () => {
    await using place = await tempPlace()
    await twoDisks(place)
    await convert(place.file('base.raw'), place.file('base.qcow2'))
    const before = await readFile(place.file('base.qcow2'))
    const same = [place.file('base.qcow2'), '--backing', place.file('base.qcow2'), '--force']
    expect((await varve('convert', place.file('now.raw'), ...same)).exitCode).not.toBe(0)
    expect((await readFile(place.file('base.qcow2'))).equals(before)).toBe(true)
  })

  test('a backing file that is not there, or that QEMU does not open, is refused', async () => {
    await using place = await tempPlace()
    await twoDisks(place)
    await mkdir(place.file('base.sparsebundle/bands'), { recursive: true })
    const keys = `<key>band-size</key><integer>${8 * MiB}</integer><key>size</key><integer>${24 * MiB}</integer>
      <key>diskimage-bundle-type</key><string>com.apple.diskimage.sparsebundle</string>
      <key>bundle-backingstore-version</key><integer>1</integer>`
    const plist = `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict>${keys}</dict></plist>`
    await writeFile(place.file('base.sparsebundle/Info.plist'), plist)
    for (const [name, exitCode, word] of [
      ['none.raw', 4, 'no such file'],
      ['base.sparsebundle', 3, 'QEMU has no driver'],
    ] as const) {
      const target = place.file('over.qcow2')
      const said = await varve('convert', place.file('now.raw'), target, '--backing', place.file(name))
      expect(said).toMatchObject({ exitCode, stderr: expect.stringContaining(word) as string })
      await expect(stat(target)).rejects.toThrow('ENOENT')
    }
  })

  test('preallocated raw and qcow2', async () => {
    await using place = await tempPlace()
    await twoDisks(place)
    for (const [name, option] of [
      ['full.raw', 'full'],
      ['falloc.raw', 'falloc'],
      ['metadata.qcow2', 'metadata'],
      ['falloc.qcow2', 'falloc'],
    ] as const) {
      const path = place.file(name)
      await convert(place.file('now.raw'), path, '--option', `preallocation=${option}`)
      await runToolOk('qemu-img', ['compare', place.file('now.raw'), path])
      const { size, blocks } = await stat(path)
      expect(size).toBeGreaterThanOrEqual(24 * MiB)
      if (option !== 'metadata') expect(blocks * 512).toBeGreaterThanOrEqual(size)
    }
  })

  test('a Parallels bundle is a folder, complete or not there', async () => {
    await using place = await tempPlace()
    await twoDisks(place)
    const path = place.file('web & co.hdd')
    const args = [place.file('now.raw'), path, '-O', 'parallels', '--subformat', 'bundle']
    await convert(...args)
    const names = await readdir(path)
    const image = names.find((name) => name.endsWith('.hds')) ?? ''
    expect(names.toSorted()).toEqual(['DiskDescriptor.xml', image])
    await runToolOk('qemu-img', ['check', '-f', 'parallels', join(path, image)])
    const compared = ['compare', '-f', 'raw', '-F', 'parallels', place.file('now.raw'), join(path, image)]
    await runToolOk('qemu-img', compared)
    expect((await varve('compare', place.file('now.raw'), path)).exitCode).toBe(0)
    expect((await varve('convert', ...args)).exitCode).toBe(5)
    expect((await varve('convert', ...args, '--force')).exitCode).not.toBe(0)
    expect((await readdir(place.path)).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  test('choices that do not go together, or that there are not, are wrong use', async () => {
    await using place = await tempPlace()
    await twoDisks(place)
    const base = place.file('base.raw')
    for (const [name, ...args] of [
      ['a.qcow2', '--option', 'preallocation=full', '--compress', 'zstd'],
      ['a.qcow2', '--option', 'preallocation=full', '--backing', base],
      ['a.qcow2', '--option', 'preallocation=some'],
      ['a.qcow2', '--option', 'extended_l2'],
      ['a.qcow2', '--backing-format', 'raw'],
      ['a.raw', '--option', 'extended_l2=on'],
      ['a.raw', '--option', 'preallocation=metadata'],
      ['a.vdi', '--option', 'preallocation=full'],
      ['a.hds', '--backing', base],
    ] as const) {
      const said = await varve('convert', place.file('now.raw'), place.file(name), ...args)
      expect(said.exitCode, args.join(' ')).toBe(2)
      expect(said.stderr.split('\n')).toHaveLength(1)
      await expect(stat(place.file(name))).rejects.toThrow('ENOENT')
    }
    const over = await varve('convert', place.file('now.raw'), place.file('a.vdi'), '--backing', base)
    expect(over.exitCode).toBe(3)
    expect(over.stderr).toContain('a VDI stands on VDI images only')
    await expect(stat(place.file('a.vdi'))).rejects.toThrow('ENOENT')
  })

  test('a guest of 4,096-byte sectors: kept by VHDX, said of the others', async () => {
    await using place = await tempPlace()
    const disk = Buffer.alloc(16 * MiB)
    for (const { at, bytes } of gptPatches(
      [{ type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', firstSector: 256, lastSector: 511 }],
      { size: disk.length, sectorSize: 4096 },
    ))
      disk.set(bytes, at)
    await writeFile(place.file('a.raw'), disk)
    const to = async (target: string, ...more: string[]) => {
      const { exitCode, stdout, stderr } = await varve(
        'convert',
        '--json',
        place.file('a.raw'),
        place.file(target),
        ...more,
      )
      expect(exitCode, stderr).toBe(0)
      const { findings } = JSON.parse(stdout) as { findings: { id: string }[] }
      return { ids: findings.map(({ id }) => id), stderr }
    }
    expect((await to('a.vhdx')).ids).toEqual(['guest-sectors-kept'])
    const kept = JSON.parse((await varve('info', '--json', place.file('a.vhdx'))).stdout) as unknown
    expect(kept).toMatchObject({ details: { logicalSectorSize: 4096 } })
    for (const target of ['a.vmdk', 'a.vhd', 'a.vdi', 'a.qcow2', 'b.raw', 'a.ova']) {
      const { ids, stderr } = await to(target)
      expect(ids).toEqual(['guest-sectors-4096'])
      expect(stderr).toContain('will not find its partitions')
    }
    expect((await to('b.vhdx', '--option', 'logical_sector_size=512')).ids).toEqual(['guest-sectors-4096'])
    const ovf = await runToolOk('tar', ['-xOf', place.file('a.ova'), 'a.ovf'])
    expect(ovf).toContain('vmw:value="efi"')
  })
})
