import { execFile } from 'node:child_process'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Use } from '@varve/core/problems/use'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ReadPlaces } from '@varve/agent/actions/adapter'
import { foldersAt } from '../places/read-mac-places.ts'
import { withMachines } from '../places/with-machines.ts'
import { openMachineLab, type MachineLab } from '../testing/machine-lab.ts'
import { withMachineUses } from './machine-uses.ts'
import { macMachines } from './read-machines.ts'

/** The libraries of an agent, without what diskutil tells. */
const readFolders: ReadPlaces = async (_tools, { folders }) => ({
  groups: [],
  zpools: [],
  btrfs: [],
  folders: await foldersAt(folders ?? []),
  unread: [],
})

const nobody = async () => ({ of: () => [], unseen: [] })

describe('machines of a Mac', () => {
  let place: TempPlace
  let lab: MachineLab

  beforeEach(async () => {
    place = await tempPlace()
    lab = openMachineLab(place)
  })
  afterEach(async () => place[Symbol.asyncDispose]())

  const read = async (named: readonly string[] = []) => macMachines(lab.ports)({ named })
  const run = async (tool: string, ...args: string[]) =>
    promisify(execFile)(join(place.file('mac-tools'), tool), args)
  const usesOf = async (path: string, options = {}): Promise<readonly Use[]> => {
    const find = withMachineUses(nobody, macMachines(lab.ports))
    const writers = await find({ named: [path], ...options })
    return writers.of(await stat(path, { bigint: true }))
  }

  test('of UTM, by their bundles, and what utmctl says while UTM runs', async () => {
    const { folder, image, id } = await lab.addUtm('Debian 13')
    expect(await read()).toEqual({
      machines: [
        {
          product: 'UTM',
          id: id.toLowerCase(),
          name: 'Debian 13',
          state: 'stopped',
          folder,
          disks: [{ path: image, isThere: true }],
          snapshots: [],
        },
      ],
      silent: [],
      unread: [],
    })
    // Asking UTM would start it.
    expect(lab.calls().map(([tool]) => tool)).not.toContain('utmctl')
    await run('utmctl', 'start', 'Debian 13')
    expect((await read()).machines).toMatchObject([{ state: 'started' }])
  })

  test('a disk is in use while its machine is not stopped', async () => {
    const { image } = await lab.addUtm('web')
    expect(await usesOf(image)).toEqual([])
    for (const [verb, isUsed] of [
      ['start', true],
      ['suspend', true],
      ['stop', false],
    ] as const) {
      await run('utmctl', verb, 'web')
      const uses = await usesOf(image, { locks: 'all', descriptors: 'all' })
      expect(uses, verb).toEqual(isUsed ? [{ by: 'attached', machine: 'web' }] : [])
    }
  })

  test('a bundle elsewhere is known by the image that is asked about', async () => {
    const { folder, image } = await lab.addUtm('web')
    const moved = place.file('elsewhere.utm')
    await rename(folder, moved)
    expect((await read()).machines).toEqual([])
    await run('utmctl', 'start', 'web')
    const there = image.replace(folder, moved)
    expect(await usesOf(there)).toEqual([{ by: 'attached', machine: 'web' }])
  })

  test.skipIf(!requires('qemu-img'))('one that was suspended is, also while UTM does not run', async () => {
    const { folder, image } = await lab.addUtm('web')
    await runToolOk('qemu-img', ['snapshot', '-c', 'before update', image])
    expect((await read()).machines).toMatchObject([
      { state: 'stopped', snapshots: [{ name: 'before update' }] },
    ])
    await writeFile(join(folder, 'Data/vmstate'), 'memory')
    expect((await read()).machines).toMatchObject([{ state: 'suspended' }])
    expect(await usesOf(image, { locks: 'all' })).toEqual([{ by: 'attached', machine: 'web' }])
    // Nothing is written to it meanwhile: it may be read.
    expect(await usesOf(image)).toEqual([])
  })

  test('UTM that does not tell, as over SSH, is said; its bundles are known', async () => {
    const { image } = await lab.addUtm('web')
    lab.change(({ utm }) => void Object.assign(utm, { runs: true, isReachable: false }))
    const { machines, silent, unread } = await read()
    expect(machines).toMatchObject([{ name: 'web', state: null }])
    expect(silent).toEqual(['UTM'])
    expect(unread).toMatchObject([
      { what: 'which machines of UTM run', remedy: expect.stringContaining('SSH') },
    ])
    const find = withMachineUses(nobody, macMachines(lab.ports))
    expect((await find({ named: [image] })).unseen).toEqual([{ what: 'not-told', system: 'UTM' }])
  })

  test('a configuration that is damaged, and one whose disk is gone', async () => {
    const [one, other] = [await lab.addUtm('one'), await lab.addUtm('other')]
    await writeFile(join(one.folder, 'config.plist'), '<?xml version="1.0"?><plist><dict>')
    await rm(other.image)
    const { machines, unread } = await read()
    expect(machines).toMatchObject([{ name: 'other', disks: [{ isThere: false }] }])
    expect(unread).toMatchObject([{ what: `the machine ${one.folder}` }])
  })

  test('of Parallels, with their snapshots', async () => {
    const { folder, image, id } = await lab.addParallels('win 11')
    lab.change(({ parallels }) => {
      parallels.machines[0]?.snapshots.push({ id: 'aa', name: 'clean', parent: '', current: true })
    })
    expect((await read()).machines).toEqual([
      {
        product: 'Parallels',
        id,
        name: 'win 11',
        state: 'stopped',
        folder,
        disks: [{ path: image, isThere: true }],
        snapshots: [
          { id: 'aa', name: 'clean', madeAt: '2025-03-11 10:22:41', parent: null, isCurrent: true },
        ],
      },
    ])
    const descriptor = join(image, 'DiskDescriptor.xml')
    expect(await usesOf(descriptor)).toEqual([])
    expect(await usesOf(descriptor, { locks: 'all' })).toEqual([{ by: 'checkpoints', machine: 'win 11' }])
    for (const verb of ['start', 'pause', 'suspend']) {
      await run('prlctl', verb, 'win 11')
      expect(await usesOf(descriptor, { locks: 'all' }), verb).toContainEqual({
        by: 'attached',
        machine: 'win 11',
      })
    }
  })

  test('Parallels whose service does not answer is said; its bundles are known', async () => {
    const { folder } = await lab.addParallels('win 11')
    lab.change(({ parallels }) => void (parallels.isConnected = false))
    const { machines, silent, unread } = await read()
    expect(machines).toMatchObject([{ product: 'Parallels', name: 'win 11', state: null, folder }])
    expect(silent).toEqual(['Parallels'])
    expect(unread).toHaveLength(1)
  })

  test('a Mac without Parallels has its bundles as stopped or suspended', async () => {
    await using other = await tempPlace()
    const bare = openMachineLab(other, ['prlctl'])
    const { folder } = await bare.addParallels('win 11')
    const told = async () => (await macMachines(bare.ports)()).machines
    expect(await told()).toMatchObject([{ state: 'stopped' }])
    await writeFile(join(folder, '{aa}.sav'), 'memory')
    expect(await told()).toMatchObject([{ state: 'suspended' }])
  })

  test('of VMware Fusion', async () => {
    const folder = join(lab.home, 'Virtual Machines.localized', 'V M.vmwarevm')
    await mkdir(folder, { recursive: true })
    const vmx = join(folder, 'V M.vmx')
    const lines = [
      'displayName = "V M"',
      'uuid.bios = "56 4d 12 34 56 78 9a bc-de f0 12 34 56 78 9a bc"',
      'scsi0:0.fileName = "disk-000001.vmdk"',
      'sata0:1.fileName = "/Users/a/disc.iso"',
      'nvme0:0.fileName = "gone.vmdk"',
    ]
    await writeFile(vmx, lines.join('\n'))
    await writeFile(join(folder, 'disk-000001.vmdk'), 'disk')
    await writeFile(
      join(folder, 'V M.vmsd'),
      'snapshot.numSnapshots = "1"\nsnapshot.current = "1"\nsnapshot0.uid = "1"\nsnapshot0.displayName = "clean"\n',
    )
    expect((await read()).machines).toEqual([
      {
        product: 'VMware Fusion',
        id: '564d1234-5678-9abc-def0-123456789abc',
        name: 'V M',
        state: 'stopped',
        folder,
        disks: [
          { path: join(folder, 'disk-000001.vmdk'), isThere: true },
          { path: join(folder, 'gone.vmdk'), isThere: false },
        ],
        snapshots: [{ id: '1', name: 'clean', madeAt: null, parent: null, isCurrent: true }],
      },
    ])
    lab.change(({ fusion }) => void fusion.running.push(vmx))
    expect((await read()).machines).toMatchObject([{ state: 'running' }])
    lab.change(({ fusion }) => void (fusion.running = []))
    await writeFile(vmx, [...lines, 'checkpoint.vmState = "V M.vmss"'].join('\n'))
    expect((await read()).machines).toMatchObject([{ state: 'suspended' }])
  })

  test('places tell of them; an agent of those with a disk in its libraries', async () => {
    const { folder } = await lab.addUtm('web')
    await lab.addParallels('win 11')
    const places = withMachines(readFolders, macMachines(lab.ports))
    const all = await places(lab.ports.tools, { folders: null })
    expect(all.macMachines?.map(({ name }) => name)).toEqual(['web', 'win 11'])
    const own = await places(lab.ports.tools, { folders: [dirname(folder)] })
    expect(own.macMachines?.map(({ name }) => name)).toEqual(['web'])
    expect(own.folders.map(({ path }) => path)).toEqual([dirname(folder)])
  })
})
