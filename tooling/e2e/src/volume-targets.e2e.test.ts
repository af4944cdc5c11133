import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { standInLvm, type StandInLvm } from '@varve/agent-linux/testing/stand-in-lvm'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Fleet, root, waitFor } from './fleet.ts'
import { writeNoisyDisk } from './noisy-disk.ts'

const MiB = 1024 ** 2
const size = 501 * MiB
const data = 240 * MiB
const agent = 'packages/agent-linux/src/testing/agent-on-path.ts'
const intoVolume = { targetLibrary: 'vms', format: 'raw' } as const

function canUseLoop(): boolean {
  if (process.geteuid?.() === 0 && existsSync('/dev/loop-control')) return requires('losetup', 'qemu-img')
  process.stderr.write('skipped: needs root and loop devices\n')
  return false
}

/** The volumes are those of a stand-in for LVM; that of the lab is real. */
describe.skipIf(!canUseLoop())('a migration into a volume', () => {
  let place: TempPlace
  let disk: string
  let lvm: StandInLvm
  let fleet: Fleet

  beforeAll(async () => {
    place = await tempPlace()
    disk = place.file('disk.raw')
    await writeNoisyDisk(disk, { size, data })
  })
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
  })
  beforeEach(async (context) => {
    lvm = await standInLvm({ size: 4096 * MiB })
    fleet = await Fleet.start(place.file(context.task.id), { south: [`vms=lvm:${lvm.group}`], agent })
  })
  afterEach(async () => {
    await fleet[Symbol.asyncDispose]()
    await lvm[Symbol.asyncDispose]()
  })

  async function provide(name: string, format: string) {
    const made = join(fleet.folder, name)
    await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', format, disk, made])
    await rename(made, join(fleet.library('north'), name))
    return await fleet.image('north', name)
  }

  const device = (name: string) => `/dev/${lvm.group}/${name}`

  /** The disk, and zeros behind it: 501 MiB are no whole extents. */
  async function expectDiskIn(name: string): Promise<void> {
    await runToolOk('cmp', ['--bytes', String(size), disk, device(name)])
    const behind = ['--ignore-initial', `${size}:0`, '--bytes', String(3 * MiB), device(name), '/dev/zero']
    await runToolOk('cmp', behind)
  }

  /** The volume has a name of its own now, and nobody has named it yet. */
  async function untilMade(): Promise<void> {
    await waitFor('the volume', async () => {
      const names = await lvm.volumes()
      return names.some((name) => name.startsWith('varve-new-')) ? names : null
    })
  }

  test('thick, the first of its group: proven, whole, in the inventory, and the name is taken', async () => {
    expect(await lvm.volumes()).toEqual([])
    const image = await provide('web01.vmdk', 'vmdk')
    const started = await fleet.start(image, { ...intoVolume, name: 'web01' })
    const ended = await fleet.ended(started.id)
    expect(ended).toMatchObject({
      state: 'succeeded',
      verified: true,
      target: { name: 'web01', format: 'raw' },
    })
    expect(ended.steps.map(({ id, layer }) => `${id} ${layer}`)).toContain('make L1')
    expect(ended.copied).toMatchObject({ done: data })
    // What an earlier volume has left is no zeros: all of a thick one is read.
    expect(ended.readBack).toMatchObject({ done: size })
    expect(ended.targetDigest).toBe(ended.sourceDigest)
    expect(await lvm.volumes()).toEqual(['web01'])
    await expectDiskIn('web01')
    const row = await fleet.image('south', 'web01')
    expect(row).toMatchObject({ library: 'vms', format: 'raw', virtualSize: 504 * MiB })
    await expect(fleet.start(image, { ...intoVolume, name: 'web01' })).rejects.toThrow(
      'nothing is ever overwritten',
    )
  })

  test('thin, by the command: it takes what it holds', async () => {
    await provide('web01.qcow2', 'qcow2')
    const env = { VARVE_CONTROLLER: fleet.url, VARVE_STATE: place.file('state') }
    const varve = async (...args: readonly string[]) =>
      execa(process.execPath, [join(root, 'packages/cli/bin/varve.mjs'), ...args], {
        reject: false,
        stdin: 'ignore',
        env,
      })
    const migrate = ['migrate', 'north:web01.qcow2', 'south:web02', '--library', 'vms']
    const refused = await varve(...migrate, '--thin-pool', 'other', '--plan')
    expect(`${refused.stdout}${refused.stderr}`).toContain('has no thin pool "other"')
    const planned = await varve(...migrate, '--thin-pool', 'pool', '--plan')
    expect(planned.stdout).toContain(`--thinpool pool --virtualsize <bytes>b ${lvm.group}`)
    const done = await varve(...migrate, '--thin-pool', 'pool')
    expect(done.exitCode, done.stderr).toBe(0)
    expect(await lvm.volumes()).toEqual(['web02'])
    await expectDiskIn('web02')
    const [backing] = (
      await runToolOk('losetup', ['--noheadings', '-O', 'BACK-FILE', device('web02')])
    ).split('\n')
    expect((await stat((backing ?? '').trim())).blocks * 512).toBeLessThan(data + 8 * MiB)
  })

  test('canceled while it is written, nothing is left of it', async () => {
    const started = await fleet.start(await provide('web01.vmdk', 'vmdk'), { ...intoVolume, name: 'web03' })
    await untilMade()
    await fleet.api.migrations.cancel.mutate({ id: started.id })
    expect((await fleet.ended(started.id)).state).toBe('canceled')
    expect(await lvm.volumes()).toEqual([])
    expect(await readdir(fleet.library('north'))).toEqual(['web01.vmdk'])
  })

  test.each(['south', 'north', 'controller'] as const)('goes on when %s is killed', async (name) => {
    const started = await fleet.start(await provide('web01.vmdk', 'vmdk'), {
      ...intoVolume,
      name: 'web04',
      thinPool: 'pool',
    })
    await untilMade()
    await fleet.kill(name)
    await fleet.run(name)
    expect(await fleet.ended(started.id)).toMatchObject({ state: 'succeeded', verified: true })
    expect(await lvm.volumes()).toEqual(['web04'])
    await expectDiskIn('web04')
  })

  test('a name that somebody took meanwhile stays theirs', async () => {
    const started = await fleet.start(await provide('web01.vmdk', 'vmdk'), { ...intoVolume, name: 'web05' })
    await untilMade()
    const theirs = ['lvcreate', '--name', 'web05', '--addtag', 'theirs', '--size', `${4 * MiB}b`, lvm.group]
    await runToolOk('lvm', theirs)
    const ended = await fleet.ended(started.id)
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'target-exists' } })
    expect(await lvm.volumes()).toEqual(['web05'])
    expect(ended.aftermath).toContain('Nothing was published')
  })
})

test.skipIf(!canUseLoop())('a group that is not there is told when the agent starts', async () => {
  await using place = await tempPlace()
  await using _lvm = await standInLvm()
  await mkdir(place.file('south'))
  const start = Fleet.start(place.file('fleet'), { south: ['vms=lvm:varve-no-group'], agent })
  await expect(start).rejects.toThrow('there is no volume group "varve-no-group"')
})
