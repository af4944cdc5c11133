import { describe, expect, test } from 'vitest'
import { memorySource } from '../binary/byte-source.ts'
import { fromHex } from '../binary/hex.ts'
import { detectFormat, readFileEnds, recogniseFormat } from './detect-format.ts'
import { driverFor, readFormats } from '../chain/drivers.ts'
import type { FileEnds } from './format-driver.ts'
import { formatNames, formatRules, type FormatName, type FormatRules } from './format-rules.ts'

async function ends(bytes: Uint8Array): Promise<FileEnds> {
  return await readFileEnds(memorySource(bytes))
}

/** A file of `size` bytes of 0x11 with `bytes` at `at` (from the end when negative). */
function fileWith(bytes: Uint8Array, at: number, size = 20_000): Uint8Array {
  const file = new Uint8Array(size).fill(0x11)
  file.set(bytes, at < 0 ? size + at : at)
  return file
}

const text = (value: string) => new TextEncoder().encode(value)

function ova(member: string): Uint8Array {
  const tar = new Uint8Array(10_240)
  tar.set(text(member))
  tar.set(text('ustar'), 257)
  return tar
}

/** Written out here and not taken from the table, so that a slip in the table is seen. */
const samples: readonly (readonly [what: string, format: FormatName, bytes: Uint8Array])[] = [
  ['qcow2 version 2', 'qcow2', fileWith(Uint8Array.of(0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 2), 0)],
  ['qcow2 version 3', 'qcow2', fileWith(Uint8Array.of(0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3), 0)],
  ['qcow2 of a version to come', 'qcow2', fileWith(Uint8Array.of(0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 9), 0)],
  ['qcow version 1', 'qcow', fileWith(Uint8Array.of(0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 1), 0)],
  ['VMDK sparse', 'vmdk', fileWith(text('KDMV'), 0)],
  ['VMDK cut to four bytes', 'vmdk', text('KDMV')],
  ['VMDK COWD', 'vmdk', fileWith(text('COWD'), 0)],
  ['VMDK seSparse', 'vmdk', fileWith(Uint8Array.of(0xbe, 0xba, 0xfe, 0xca, 0, 0, 0, 0), 0)],
  ['VMDK descriptor', 'vmdk', text('# Disk DescriptorFile\r\nversion=1\r\n')],
  ['VMDK descriptor in capitals', 'vmdk', text('# DISK DESCRIPTORFILE\nversion=1\n')],
  ['VMDK descriptor after a byte order mark', 'vmdk', text('\uFEFF# Disk DescriptorFile\nversion=1\n')],
  ['VMDK descriptor without title', 'vmdk', text('\n# made by hand\n\nversion=1\nCID=1\n')],
  ['VHDX', 'vhdx', fileWith(text('vhdxfile'), 0)],
  ['VHD fixed', 'vhd', fileWith(text('conectix'), -512)],
  ['VHD fixed, footer of 511 bytes', 'vhd', fileWith(text('conectix'), -511)],
  ['VHD dynamic, footer lost', 'vhd', fileWith(text('conectix'), 0)],
  ['VDI', 'vdi', fileWith(Uint8Array.of(0x7f, 0x10, 0xda, 0xbe), 64)],
  ['Parallels', 'parallels', fileWith(text('WithoutFreeSpace'), 0)],
  ['Parallels extended', 'parallels', fileWith(text('WithouFreSpacExt'), 0)],
  ['UDIF', 'udif', fileWith(text('koly'), -512)],
  ['UDIF with its trailer in front', 'udif', fileWith(text('koly'), 0)],
  ['encrypted DMG', 'udif', fileWith(text('encrcdsa'), 0)],
  ['encrypted DMG, old', 'udif', fileWith(text('cdsaencr'), -8)],
  ['sparseimage', 'sparseimage', fileWith(text('sprs'), 0)],
  ['ASIF', 'asif', fileWith(text('shdw'), 0)],
  ['QED', 'qed', fileWith(text('QED\0'), 0)],
  ['cloop', 'cloop', fileWith(text('#!/bin/sh\n#V2.0 Format\nmodprobe cloop'), 0)],
  ['Bochs', 'bochs', fileWith(text('Bochs Virtual HD Image'), 0)],
  ['E01', 'ewf', fileWith(Uint8Array.of(0x45, 0x56, 0x46, 9, 0x0d, 0x0a, 0xff, 0), 0)],
  ['OVA', 'ova', ova('web01.ovf')],
]

describe('detection by what both ends of a file hold', () => {
  test.each(samples)('%s is %s', async (_what, format, bytes) => {
    expect(recogniseFormat(await ends(bytes))).toBe(format)
  })

  test.each([
    ['a boot sector', fileWith(Uint8Array.of(0x55, 0xaa), 510)],
    ['a Java class', fileWith(Uint8Array.of(0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 0x41), 0)],
    ['a tar without OVF', ova('etc/passwd')],
    ['magic bytes that are not at the place', fileWith(text('conectixKDMVkoly'), 4000)],
    ['text about versions', text('# notes\nversion numbers=none\n')],
    ['one byte', Uint8Array.of(0)],
  ])('%s is nothing that is known', async (_what, bytes) => {
    expect(recogniseFormat(await ends(bytes))).toBe(null)
    expect(detectFormat(await ends(bytes), 'disk.img')).toBe('raw')
    expect(detectFormat(await ends(bytes), 'disk')).toBe('raw')
  })

  test('a name never makes a file raw, and bytes win over the name', async () => {
    expect(detectFormat(await ends(fileWith(text('KDMV'), 0)), 'disk.raw')).toBe('vmdk')
    expect(detectFormat(await ends(fileWith(text('KDMV'), 0)), 'disk.qcow2')).toBe('vmdk')
  })

  test('a name that promises a header keeps a file from being raw', async () => {
    const bytes = fileWith(Uint8Array.of(1), 0)
    const found = async (name: string) => detectFormat(await ends(bytes), name)
    expect(await found('web.qcow2')).toBe('qcow2')
    expect(await found('WEB.VMDK')).toBe('vmdk')
    expect(await found('disk.vhd')).toBe('vhd')
    expect(await found('disk.vhdx')).toBe('vhdx')
    for (const name of ['disk-flat.vmdk', 'disk-f001.vmdk', 'disk.dmg', 'disk.hdd', 'disk.dd', 'disk.iso']) {
      expect(await found(name)).toBe('raw')
    }
  })

  test('an empty file is not an image', async () => {
    await expect(ends(new Uint8Array(0))).rejects.toMatchObject({ code: 'not-an-image' })
  })

  test('both ends of a short file are the file', async () => {
    const found = await ends(Uint8Array.of(1, 2, 3))
    expect([...found.head]).toEqual([1, 2, 3])
    expect([...found.tail]).toEqual([1, 2, 3])
  })
})

describe('the registry', () => {
  test('every format has a driver of its name; those without a reader refuse', async () => {
    for (const format of formatNames) expect((await driverFor(format)).format).toBe(format)
    const native = formatNames.filter((format) => formatRules[format].native.read)
    expect(readFormats.toSorted()).toEqual(native.toSorted())
  })

  test('drivers agree with detection', async () => {
    for (const [, format, bytes] of samples) {
      const found = await ends(bytes)
      for (const name of readFormats) {
        if (name === 'raw') continue
        const driver = await driverFor(name)
        expect(driver.recognises(found), driver.format).toBe(driver.format === format)
      }
    }
  })

  test('every magic is whole bytes in lower case', () => {
    for (const format of formatNames) {
      const { magics }: FormatRules = formatRules[format]
      for (const { bytes } of magics) {
        expect(fromHex(bytes)).not.toBe(null)
        expect(bytes).toBe(bytes.toLowerCase())
      }
    }
  })
})
