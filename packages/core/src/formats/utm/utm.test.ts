import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checkImage } from '../../chain/check-image.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'
import { inspectImage } from '../../layers/inspect-image.ts'
import { memoryFiles } from '../../testing/memory-files.ts'
import { parsePropertyList } from '../../text/property-list.ts'
import { writePropertyList } from '../../text/write-property-list.ts'
import { describeUtm } from './config.ts'

const sample = (name: string) => new Uint8Array(readFileSync(new URL(`testing/${name}`, import.meta.url)))
const listOf = (name: string) => parsePropertyList(sample(name), { file: name, structure: 'sample' })
const disk = Uint8Array.from({ length: 4096 }, (_, at) => (at * 31) & 0xff)
const other = Uint8Array.from({ length: 1024 }, (_, at) => (at * 7) & 0xff)

const drive = (ImageName: string | undefined, more: Record<string, string | number | boolean> = {}) => ({
  Identifier: `id-${ImageName}`,
  ImageName,
  ImageType: 'Disk',
  Interface: 'VirtIO',
  InterfaceVersion: 1,
  ReadOnly: false,
  ...more,
})
const config = (drives: readonly ReturnType<typeof drive>[], more: object = {}) =>
  writePropertyList(
    { Backend: 'QEMU', ConfigurationVersion: 4, Information: { Name: 'm' }, Drive: drives, ...more },
    'config.plist',
  )

async function read(path: string, files: Record<string, Uint8Array>, choices = {}) {
  await using chain = await openChain(path, memoryFiles(files).ports, { choices })
  const bytes = new Uint8Array(chain.disk.virtualSize)
  await chain.disk.readInto(bytes, 0)
  return bytes
}

describe('a configuration', () => {
  test('of version 4, QEMU', () => {
    expect(describeUtm(listOf('qemu-v4.plist'), '/x.utm/config.plist')).toEqual({
      kind: 'version 4, QEMU',
      name: 'Debian 13',
      uuid: '7e1d2a58-0c5b-4b0a-9c0a-2f8e4b6d1c11',
      architecture: 'aarch64',
      cpus: 4,
      memory: 4 * 1024 ** 3,
      firmware: 'efi',
      drives: [
        {
          id: '3C9A5B1F-6D02-4E77-8A1B-5F0C2E9D7A42',
          number: 1,
          kind: 'disk',
          reference: 'Data/3C9A5B1F-6D02-4E77-8A1B-5F0C2E9D7A42.qcow2',
          interface: 'VirtIO',
          isReadOnly: false,
        },
        {
          id: 'B1F0D6C3-52B8-4A35-9E3D-8C7A4D2E6F90',
          number: 2,
          kind: 'disc',
          reference: null,
          interface: 'USB',
          isReadOnly: true,
        },
      ],
      interfaces: [],
      problems: [],
    })
  })

  test('of version 4 of a real bundle: firmware and flash are no disks', () => {
    const { drives, cpus, firmware, architecture } = describeUtm(listOf('qemu-v4-m68k.plist'), 'x')
    expect({ cpus, firmware, architecture }).toEqual({ cpus: 0, firmware: 'bios', architecture: 'm68k' })
    expect(drives.map(({ kind, reference }) => [kind, reference])).toEqual([
      ['other', 'Data/Quadra800.rom'],
      ['other', 'Data/pram.img'],
      ['disc', null],
      ['disk', 'Data/1GB-HFS.qcow2'],
    ])
  })

  test('of version 4, Apple', () => {
    expect(describeUtm(listOf('apple-v4.plist'), 'x')).toMatchObject({
      kind: 'version 4, Apple',
      name: 'my-mac',
      firmware: 'bios',
      memory: 2 * 1024 ** 3,
      drives: [{ kind: 'disk', reference: 'Data/Disk.img', interface: 'VirtIO' }],
      interfaces: ['Shared, AA:BB:CC:DD:EE:01'],
      problems: [],
    })
  })

  test('of version 2: disks lie in Images, its variables are no disk', () => {
    const machine = describeUtm(listOf('qemu-v2-x86.plist'), '/vms/OS X.utm/config.plist')
    expect(machine).toMatchObject({
      kind: 'version 2, QEMU',
      name: 'OS X',
      architecture: 'x86_64',
      cpus: 4,
      memory: 2 * 1024 ** 3,
      firmware: 'efi',
      interfaces: ['shared, usb-net, 4E:F3:4A:42:F7:3C'],
    })
    expect(machine.drives.map(({ kind, reference }) => [kind, reference])).toEqual([
      ['other', 'Images/OVMF.bin'],
      ['disk', 'Images/EFI-LEGACY.qcow2'],
      ['other', 'Images/efi_vars.fd'],
      ['disk', 'Images/disk-0.qcow2'],
      ['disc', null],
    ])
  })

  test.each([{ ConfigurationVersion: 5 }, { Backend: 'Hypothetical' }])(
    'of what is not known (%j): its disks are read, and that is said',
    async (more) => {
      const files = { '/m.utm/config.plist': config([drive('a.img')], more), '/m.utm/Data/a.img': disk }
      expect(await read('/m.utm', files)).toEqual(disk)
      const { links } = await inspectChain('/m.utm', memoryFiles(files).ports)
      expect(links[0].facts.problems).toMatchObject([{ id: 'utm-version-unknown', severity: 'warn' }])
    },
  )
})

describe('a bundle', () => {
  const files = {
    '/m.utm/config.plist': config([
      drive(undefined, { ImageType: 'CD' }),
      drive('vars.fd', { Interface: 'PFlash' }),
      drive('a.img'),
      drive('b.img'),
    ]),
    '/m.utm/Data/a.img': disk,
    '/m.utm/Data/b.img': other,
    '/m.utm/Data/vars.fd': other,
  }

  test.each(['/m.utm', '/m.utm/', '/m.utm/config.plist'])('is read by %s', async (path) => {
    expect(await read(path, files)).toEqual(disk)
  })

  test.each(['disk4', 'b.img', 'Data/b.img', 'id-b.img', 'DISK4'])('its other disk is %s', async (wanted) => {
    expect(await read('/m.utm', files, { disk: wanted })).toEqual(other)
  })

  test('that has no such disk says which it has', async () => {
    await expect(read('/m.utm', files, { disk: 'disk2' })).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('it has disk3 (Data/a.img), disk4 (Data/b.img)'),
    })
  })

  test('says what is known of the machine, and that there are other disks', async () => {
    const report = await inspectImage('/m.utm', memoryFiles(files).ports)
    expect(report).toMatchObject({
      format: 'utm',
      subformat: 'version 4, QEMU, raw',
      virtualSize: disk.length,
    })
    expect(report.details).toMatchObject({
      name: 'm',
      disk3: 'Data/a.img, VirtIO',
      disk2: expect.any(String),
    })
    expect(report.problems.map(({ id }) => id)).toContain('machine-several-disks')
  })

  test('is checked with all its disks', async () => {
    const { report } = await checkImage('/m.utm', memoryFiles(files).ports)
    expect(report).toMatchObject({ format: 'utm', isComplete: true, totals: { corruptions: 0 } })
    const { '/m.utm/Data/b.img': _, ...without } = files
    const damaged = await checkImage('/m.utm', memoryFiles(without).ports)
    expect(damaged.report).toMatchObject({ isComplete: false, totals: { corruptions: 1 } })
    expect(damaged.report.findings.map(({ id }) => id)).toContain('extent-file-missing')
  })

  test('whose disk is missing says so, and what else is known', async () => {
    const { '/m.utm/Data/a.img': _, ...without } = files
    await expect(read('/m.utm', without)).rejects.toMatchObject({ code: 'extent-file-missing' })
    const { links } = await inspectChain('/m.utm', memoryFiles(without).ports)
    expect(links[0].facts).toMatchObject({ details: { name: 'm' }, virtualSize: null })
  })
})

describe('a damaged or hostile configuration', () => {
  const attempt = async (bytes: Uint8Array) =>
    await read('/m.utm', { '/m.utm/config.plist': bytes, '/m.utm/Data/a.img': disk }).then(
      () => null,
      (error: unknown) => error,
    )

  test.each(['../a.img', '/etc/passwd', 'a\\b.img', '..', 'x/../../y'])(
    '%s leads out of it',
    async (name) => {
      expect(await attempt(config([drive(name)]))).toMatchObject({ code: 'reference-refused' })
    },
  )

  test.each([
    ['no drives', config([])],
    ['only a CD elsewhere', config([drive(undefined, { ImageType: 'CD' })])],
    ['only a kernel', config([drive('a.img', { ImageType: 'LinuxKernel' })])],
  ])('%s: refused', async (_, bytes) => {
    expect(await attempt(bytes)).toMatchObject({ code: 'refused' })
  })

  test('too many drives', async () => {
    const many = Array.from({ length: 300 }, (_, index) => drive(`${index}.img`))
    expect(await attempt(config(many))).toMatchObject({ code: 'limit-exceeded' })
  })

  test('cut, empty or other bytes never give a disk', async () => {
    const whole = config([drive('a.img')])
    for (const bytes of [
      new Uint8Array(0),
      whole.subarray(0, 200),
      whole.subarray(0, whole.length - 20),
      new Uint8Array(700),
      new TextEncoder().encode('<?xml version="1.0"?><html/>'),
    ])
      expect(await attempt(bytes)).toHaveProperty('code')
  })

  test('a configuration that names itself is no disk of its own', async () => {
    expect(await attempt(config([drive('../config.plist')]))).toMatchObject({ code: 'reference-refused' })
  })
})
