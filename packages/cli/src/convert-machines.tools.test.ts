import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
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

async function done(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await varve(...args)
  expect(exitCode, stderr).toBe(0)
  return stdout
}

async function refused(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await varve(...args)
  expect(exitCode).not.toBe(0)
  return stdout + stderr
}

/** A GPT disk with one partition of that type. */
async function gptDisk(path: string, type: string): Promise<void> {
  await writeFile(path, Buffer.alloc(24 * MiB))
  await execa('sfdisk', [path], { input: `label: gpt\nstart=2048, size=8192, type=${type}\n` })
}

describe.skipIf(!requires('qemu-img', 'sfdisk'))('varve convert to machines', () => {
  test('UTM and Parallels, and back', async () => {
    await using place = await tempPlace()
    const raw = place.file('disk.raw')
    const bytes = Buffer.alloc(20 * MiB).fill('guest', 3 * MiB, 11 * MiB)
    mbrSector(bytes.length).copy(bytes)
    await writeFile(raw, bytes)
    for (const [name, ...extra] of [
      ['web 1.utm', '--option', 'cpus=2', '--option', 'memory=2G'],
      ['apple.utm', '--subformat', 'apple'],
      ['web 1.pvm', '--option', 'cpus=2'],
    ] as const) {
      const target = place.file(name)
      await done('convert', raw, target, ...extra)
      await done('compare', raw, target)
      await done('check', target)
      await done('convert', target, place.file('back.raw'), '--force')
      expect((await readFile(place.file('back.raw'))).equals(bytes), name).toBe(true)
      expect(await refused('convert', raw, target, ...extra)).toContain('of that name already')
      expect(await refused('convert', raw, target, ...extra, '--force')).toContain('cannot be written')
    }
    const [image = ''] = await readdir(place.file('web 1.utm/Data'))
    await runToolOk('qemu-img', ['check', join(place.file('web 1.utm/Data'), image)])
    await runToolOk('qemu-img', ['compare', raw, join(place.file('web 1.utm/Data'), image)])
    expect((await readdir(place.path)).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  test('the machine is the one that the disk needs', async () => {
    await using place = await tempPlace()
    const configOf = async (name: string, type: string) => {
      await gptDisk(place.file(`${name}.raw`), type)
      await done('convert', place.file(`${name}.raw`), place.file(`${name}.utm`))
      return await readFile(place.file(`${name}.utm/config.plist`), 'utf8')
    }
    const arm = await configOf('arm', 'B921B045-1DF0-41C3-AF44-4C6F280D3FAE')
    expect(arm).toMatch(
      /<string>aarch64<\/string>[^]*<string>virt<\/string>[^]*<key>UEFIBoot<\/key>\s*<true\/>/u,
    )
    const efi = await configOf('efi', 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B')
    expect(efi).toMatch(/<string>x86_64<\/string>[^]*<key>UEFIBoot<\/key>\s*<true\/>/u)
    const bios = await configOf('bios', '21686148-6449-6E6F-744E-656564454649')
    expect(bios).toMatch(/<key>UEFIBoot<\/key>\s*<false\/>/u)
    const windows = await configOf('windows', 'E3C9E316-0B5C-4DB8-817D-F92DF00215AE')
    expect(windows).toMatch(/<key>RTCLocalTime<\/key>\s*<true\/>/u)
  })

  test('choices of machines that do not start are wrong use', async () => {
    await using place = await tempPlace()
    const raw = place.file('disk.raw')
    await writeFile(raw, Buffer.alloc(MiB))
    for (const [name, ...extra] of [
      ['a.utm', '--option', 'architecture=aarch64', '--option', 'firmware=bios'],
      ['a.utm', '--subformat', 'apple', '--option', 'architecture=x86_64'],
      ['a.utm', '--subformat', 'apple', '--option', 'guest=windows'],
      ['a.utm', '--option', 'architecture=ppc'],
      ['a.utm', '--subformat', 'virtualbox'],
      ['a.pvm', '--option', 'cpus=0'],
    ] as const) {
      const { exitCode, stderr } = await varve('convert', raw, place.file(name), ...extra)
      expect(exitCode, stderr).toBe(2)
    }
    expect(await readdir(place.path)).toEqual(['disk.raw'])
  })

  test('a machine is never written anew for one of its disks', async () => {
    await using place = await tempPlace()
    const machine = place.file('m.utm')
    await done('create', machine, '--size', '16M')
    const before = await readFile(join(machine, 'config.plist'))
    const words = 'its settings and its other disks would be lost'
    expect(await refused('grow', machine, '--to', '32M', '--yes')).toContain(words)
    expect(await refused('reclaim', machine, '--yes')).toContain(words)
    expect(await refused('clone', machine, place.file('n.utm'))).toContain('it is a machine')
    expect(await refused('snapshot', 'create', machine, 'one')).toContain('holds no snapshots of its own')
    expect((await readFile(join(machine, 'config.plist'))).equals(before)).toBe(true)
    const [image = ''] = await readdir(join(machine, 'Data'))
    await done('grow', join(machine, 'Data', image), '--to', '32M', '--yes')
    expect(await done('info', machine)).toContain('32.0 MiB')
  })

  test('of a machine with several disks one is read, and the others are told', async () => {
    await using place = await tempPlace()
    const machine = place.file('m.utm')
    await done('create', machine, '--size', '16M')
    const config = join(machine, 'config.plist')
    const text = await readFile(config, 'utf8')
    const [drive = ''] = /<key>Drive<\/key>\s*<array>([^]*?)<\/array>/u.exec(text)?.slice(1) ?? []
    const second = drive.replaceAll(/[0-9A-F-]{36}(?=\.qcow2)/gu, 'second').replaceAll('.qcow2', '.img')
    await writeFile(config, text.replace(drive, drive + second))
    await writeFile(join(machine, 'Data/second.img'), Buffer.alloc(4 * MiB, 'second'))
    expect(await done('info', machine)).toContain('The machine has 2 disks')
    await done('convert', `${machine}:disk2`, place.file('second.raw'))
    expect((await readFile(place.file('second.raw'))).equals(Buffer.alloc(4 * MiB, 'second'))).toBe(true)
  })

  test('a bundle that is no machine, and one whose disk is gone, are told', async () => {
    await using place = await tempPlace()
    await mkdir(place.file('a.utm/Data'), { recursive: true })
    expect(await refused('info', place.file('a.utm'))).toContain('a.utm')
    await done('create', place.file('m.pvm'), '--size', '16M')
    const { rm } = await import('node:fs/promises')
    await rm(place.file('m.pvm/harddisk1.hdd'), { recursive: true })
    expect(await refused('digest', place.file('m.pvm'))).toContain('harddisk1.hdd')
  })
})
