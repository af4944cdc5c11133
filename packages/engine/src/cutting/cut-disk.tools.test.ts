import { stat, truncate, writeFile } from 'node:fs/promises'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { cutDisk } from './cut-disk.ts'

const mib = 1024 ** 2

async function diskIn(place: TempPlace, script: string, size = 64 * mib): Promise<string> {
  const path = place.file('a.raw')
  await writeFile(path, '')
  await truncate(path, size)
  await runToolOk('sh', ['-c', 'printf "%b" "$2" | sfdisk -q --wipe never "$1"', 'sh', path, script])
  return path
}

async function tableOf(path: string): Promise<readonly string[]> {
  const dump = await runToolOk('sfdisk', ['--dump', path])
  return dump.split('\n').filter((line) => !line.startsWith('last-lba'))
}

describe.skipIf(!requires('sfdisk', 'sgdisk', 'mkfs.ext4'))('a disk is cut', () => {
  test('a GPT ends where the disk does; names, UUIDs, attributes and the boot partition stay', async () => {
    await using place = await tempPlace()
    const path = await diskIn(
      place,
      'label: gpt\\nfirst-lba: 34\\nstart=34, size=2014, type=21686148-6449-6E6F-744E-656564454649\\nstart=2048, size=20480, type=U, name="ESP"\\nstart=22528, size=20480, name="root", attrs="LegacyBIOSBootable GUID:63"\\n',
    )
    const before = await tableOf(path)
    expect(await cutDisk(path, { size: 24 * mib, name: 'a' })).toEqual({ size: 24 * mib, cut: 40 * mib })
    expect((await stat(path)).size).toBe(24 * mib)
    expect(await tableOf(path)).toEqual(before)
    expect(await runToolOk('sgdisk', ['--verify', path])).toContain('No problems found')
    // A second call finds all done.
    expect(await cutDisk(path, { size: 24 * mib, name: 'a' })).toEqual({ size: 24 * mib, cut: 0 })
    expect(await runToolOk('sgdisk', ['--verify', path])).toContain('No problems found')
  })

  test('the place of the backup has to be free too', async () => {
    await using place = await tempPlace()
    const path = await diskIn(place, 'label: gpt\\nstart=2048, size=20480\\n')
    await expect(cutDisk(path, { size: 11 * mib, name: 'a' })).rejects.toMatchObject({ code: 'refused' })
    expect((await stat(path)).size).toBe(64 * mib)
    expect(await runToolOk('sgdisk', ['--verify', path])).toContain('No problems found')
  })

  test('an MBR keeps its signature, its boot flag and its logical partitions', async () => {
    await using place = await tempPlace()
    const path = await diskIn(
      place,
      'label: dos\\nlabel-id: 0x12345678\\nstart=2048, size=8192, bootable\\nstart=10240, size=20480, type=5\\nstart=12288, size=4096\\n',
    )
    const before = await tableOf(path)
    await expect(cutDisk(path, { size: 12 * mib, name: 'a' })).rejects.toMatchObject({
      code: 'refused',
      details: { reason: expect.stringContaining('extended partition 2') as string },
    })
    await cutDisk(path, { size: 15 * mib, name: 'a' })
    expect(await tableOf(path)).toEqual(before)
  })

  test('a filesystem that was not made smaller keeps the disk from being cut', async () => {
    await using place = await tempPlace()
    const path = place.file('a.raw')
    await writeFile(path, '')
    await truncate(path, 64 * mib)
    await runToolOk('mkfs.ext4', ['-q', '-F', path, '32M'])
    await expect(cutDisk(path, { size: 31 * mib, name: 'a' })).rejects.toMatchObject({
      code: 'refused',
      details: { layer: 'L6' },
    })
    await cutDisk(path, { size: 32 * mib, name: 'a' })
    await runToolOk('e2fsck', ['-fn', path])
  })

  test('of what nothing is known nothing is cut', async () => {
    await using place = await tempPlace()
    const path = place.file('a.raw')
    await writeFile(path, new Uint8Array(2 * mib))
    await expect(cutDisk(path, { size: mib, name: 'a' })).rejects.toMatchObject({ code: 'refused' })
    expect((await stat(path)).size).toBe(2 * mib)
  })
})
