import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deviceFolder, type DeviceFolder } from '@varve/test-kit/device-folder'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fleet, root } from './fleet.ts'

const mib = 1024 ** 2

function canUseLoop(): boolean {
  if (process.geteuid?.() === 0 && existsSync('/dev/loop-control')) return requires('losetup', 'qemu-img')
  process.stderr.write('skipped: needs root and loop devices\n')
  return false
}

/** Volumes of a host are images of the inventory; loop devices in a folder of links stand for them. */
describe.skipIf(!canUseLoop())('a library of volumes in a fleet', () => {
  let place: TempPlace
  let folder: DeviceFolder
  let fleet: Fleet

  beforeAll(async () => {
    place = await tempPlace()
    folder = await deviceFolder()
    const bytes = Buffer.concat([mbrSector(16 * mib), randomBytes(3 * mib)])
    await writeFile(place.file('disk'), bytes)
    await truncate(place.file('disk'), 16 * mib)
    await runToolOk('qemu-img', [
      'convert',
      '-f',
      'raw',
      '-O',
      'qcow2',
      place.file('disk'),
      place.file('inner'),
    ])
    await truncate(place.file('inner'), 24 * mib)
    await folder.add('vm-1', place.file('disk'))
    await folder.add('vm-2', place.file('inner'))
    fleet = await Fleet.start(place.file('fleet'), { north: [`vms=${folder.path}`] })
  })
  afterAll(async () => {
    await fleet[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  async function varve(...args: readonly string[]) {
    return await execa(process.execPath, [join(root, 'packages/cli/bin/varve.mjs'), ...args], {
      reject: false,
      stdin: 'ignore',
      env: { VARVE_CONTROLLER: fleet.url, VARVE_STATE: place.file('state') },
    })
  }

  test('raw and qcow2 on volumes migrate with proof, and stay as they are', async () => {
    for (const [name, format] of [
      ['vm-1', 'raw'],
      ['vm-2', 'qcow2'],
    ] as const) {
      const image = await fleet.image('north', name)
      expect(image).toMatchObject({ library: 'vms', format, virtualSize: 16 * mib })
      const migration = await fleet.start(image, { name: `${name}.vmdk`, format: 'vmdk' })
      expect((await fleet.ended(migration.id)).state).toBe('succeeded')
      const made = join(fleet.library('south'), `${name}.vmdk`)
      const compare = ['compare', '-f', 'raw', '-F', 'vmdk', place.file('disk'), made]
      expect(await runToolOk('qemu-img', compare)).toContain('Images are identical')
    }
  })

  test('a digest there is that of the file behind', async () => {
    const there = await varve('digest', 'vm-1', '--host', 'north', '--json')
    await copyFile(place.file('disk'), place.file('copy.raw'))
    const here = await varve('digest', place.file('copy.raw'), '--json')
    const digestOf = ({ stdout }: { readonly stdout: string }) =>
      (JSON.parse(stdout) as { digest: string }).digest
    expect(digestOf(there)).toBe(digestOf(here))
  })

  test.each([
    [['delete', 'vm-1'], 'it is a volume'],
    [['move', 'vm-1', 'vm-9'], 'vm-9'],
    [['convert', 'web.raw', 'DEVICES/new.raw', '-O', 'raw'], 'no file is written there'],
    [['snapshot', 'create', 'vm-2', 'before'], 'no file is written there'],
    [['grow', 'vm-1', '--to', '32M'], 'no volume of LVM or ZFS'],
    [['shrink', 'vm-1', '--to', '8M'], 'no volume of LVM or ZFS'],
    [['reclaim', 'vm-2'], 'no volume of LVM or ZFS'],
  ])('varve %j changes nothing among the devices', async (command, why) => {
    const library = fleet.library('north')
    await copyFile(place.file('disk'), join(library, 'web.raw'))
    await fleet.image('north', 'web.raw')
    const words = command.map((word) => word.replace('DEVICES', folder.path))
    const said = await varve(...words, '--host', 'north', '--yes')
    expect(said.exitCode, said.stdout).not.toBe(0)
    expect(said.stderr).toContain(why)
    expect(said.stderr).not.toContain('    at ')
    expect((await runToolOk('ls', ['-A', folder.path])).trim().split('\n')).toEqual(['vm-1', 'vm-2'])
    for (const [name, file] of [
      ['vm-1', 'disk'],
      ['vm-2', 'inner'],
    ] as const)
      await runToolOk('cmp', [join(folder.path, name), place.file(file)])
  })

  test('no image migrates into it', async () => {
    await copyFile(place.file('disk'), join(fleet.library('south'), 'other.raw'))
    const image = await fleet.image('south', 'other.raw')
    const target = { targetHost: 'north', targetLibrary: 'vms', name: 'vm-7', format: 'raw' } as const
    const plan = await fleet.api.migrations.plan.query({ image: image.id, ...target })
    expect(plan).toMatchObject({ kind: 'refusal' })
    expect(plan.kind === 'refusal' && plan.problems.map(({ id }) => id)).toContain('target-not-writable')
  })
})
