import { readdir, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'

const command = resolve(import.meta.dirname, '../bin/varve.mjs')
const MiB = 1024 ** 2

async function varve(...args: string[]) {
  return execa(process.execPath, [command, ...args], { reject: false, stdin: 'ignore' })
}

describe.skipIf(!requires('qemu-img', 'tar'))('varve convert to VMware formats', () => {
  test('each kind of VMDK, OVA, and back', async () => {
    await using place = await tempPlace()
    const raw = place.file('disk.raw')
    const bytes = Buffer.alloc(20 * MiB).fill('guest', 3 * MiB, 11 * MiB)
    mbrSector(bytes.length).copy(bytes)
    await writeFile(raw, bytes)
    for (const [name, ...extra] of [
      ['plain.vmdk'],
      ['stream.vmdk', '--subformat', 'streamOptimized'],
      ['flat.vmdk', '--subformat', 'monolithicFlat'],
      ['split.vmdk', '--subformat', 'twoGbMaxExtentSparse'],
      ['splitflat.vmdk', '--subformat', 'twoGbMaxExtentFlat'],
    ] as const) {
      const target = place.file(name)
      const { exitCode, stderr } = await varve('convert', raw, target, ...extra)
      expect(exitCode, stderr).toBe(0)
      await runToolOk('qemu-img', ['check', target])
      await runToolOk('qemu-img', ['compare', raw, target])
    }
    expect((await varve('convert', raw, place.file('disk.ova'))).exitCode).toBe(0)
    expect(await runToolOk('tar', ['-tf', place.file('disk.ova')])).toBe('disk.ovf\ndisk-disk1.vmdk\ndisk.mf')
    expect((await varve('compare', raw, place.file('disk.ova'))).exitCode).toBe(0)
    expect((await readdir(place.path)).toSorted()).toEqual(
      [
        'disk.ova',
        'disk.raw',
        'flat-flat.vmdk',
        'flat.vmdk',
        'plain.vmdk',
        'split-s001.vmdk',
        'split.vmdk',
        'splitflat-f001.vmdk',
        'splitflat.vmdk',
        'stream.vmdk',
      ].toSorted(),
    )
  })

  test('an image of several files takes the place of none', async () => {
    await using place = await tempPlace()
    const raw = place.file('disk.raw')
    await writeFile(raw, Buffer.alloc(5 * MiB))
    await writeFile(place.file('x-flat.vmdk'), 'precious')
    const flat = ['convert', raw, place.file('x.vmdk'), '--subformat', 'monolithicFlat']
    expect((await varve(...flat)).exitCode).toBe(5)
    expect((await readdir(place.path)).toSorted()).toEqual(['disk.raw', 'x-flat.vmdk'])
    await rm(place.file('x-flat.vmdk'))
    expect((await varve(...flat)).exitCode).toBe(0)
    expect((await varve(...flat, '--force')).exitCode).toBe(3)
    await runToolOk('qemu-img', ['compare', raw, place.file('x.vmdk')])
  })

  test('a name that a descriptor cannot hold is refused, nothing is left', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('disk.raw'), Buffer.alloc(MiB))
    const flat = ['--subformat', 'monolithicFlat']
    expect((await varve('convert', place.file('disk.raw'), place.file('a"b.vmdk'), ...flat)).exitCode).toBe(3)
    expect(await readdir(place.path)).toEqual(['disk.raw'])
  })
})
