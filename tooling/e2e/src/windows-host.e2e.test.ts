import { randomUUID } from 'node:crypto'
import { copyFile, open, readFile, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { RunView } from '@varve/protocol/runs'
import { findPowershell } from '@varve/test-kit/powershell'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cmdletTables } from '@varve/agent-windows/testing/stand-ins'
import { machineWith, type StandInState } from '@varve/agent-windows/testing/windows-stand-in'
import { Fleet, root, waitFor } from './fleet.ts'
import { writeNoisyDisk } from './noisy-disk.ts'

const MiB = 1024 * 1024
const program = resolve(root, 'packages/agent-windows/src/testing/stand-in-agent.ts')
const isReady = requires('qemu-img') && findPowershell() !== null && cmdletTables() !== null

/** The agent of Windows as a process of a fleet, its scripts run by the real PowerShell over a Windows that keeps its state. */
describe.skipIf(!isReady)('a Windows host of the fleet', () => {
  let place: TempPlace
  let fleet: Fleet

  beforeAll(async () => {
    place = await tempPlace()
    fleet = await Fleet.start(place.path, { programs: { south: program } })
    await writeNoisyDisk(place.file('disk.raw'), { size: 64 * MiB, data: 16 * MiB })
    await runToolOk('qemu-img', [
      'convert',
      '-f',
      'raw',
      '-O',
      'qcow2',
      place.file('disk.raw'),
      inLibrary('disk.qcow2'),
    ])
    await fleet.image('south', 'disk.qcow2')
  })
  afterAll(async () => {
    await fleet?.[Symbol.asyncDispose]()
    await place?.[Symbol.asyncDispose]()
  })

  const inLibrary = (name: string) => join(fleet.library('south'), name)
  const stateFile = () => join(place.path, 'south/windows/windows.json')
  const state = async () => JSON.parse(await readFile(stateFile(), 'utf8')) as StandInState
  const machineIs = async (change: Parameters<typeof machineWith>[1]) =>
    writeFile(
      stateFile(),
      JSON.stringify({ ...(await state()), machines: [machineWith(inLibrary('web.vhdx'), change)] }),
    )

  async function operate(
    operation: string,
    request: Record<string, unknown>,
    accepted: string[] = [],
  ): Promise<RunView> {
    const wish = { host: 'south', operation, request, accepted, idempotencyKey: randomUUID() }
    const { id } = await fleet.api.runs.start.mutate(wish)
    const run = await waitFor(`the end of ${operation}`, async () => {
      const found = await fleet.api.runs.get.query({ id })
      return found.finishedAt === null ? null : found
    })
    expect([operation, run.state, run.error?.message]).toEqual([operation, 'succeeded', undefined])
    return run
  }

  async function sameDisk(
    format: string,
    path: string,
    size = 64 * MiB,
    disk = place.file('disk.raw'),
  ): Promise<void> {
    const said = await runToolOk('qemu-img', ['compare', '-f', 'raw', '-F', format, disk, path])
    expect(said).toContain('Images are identical.')
    expect(JSON.parse(await runToolOk('qemu-img', ['info', '--output', 'json', path]))).toMatchObject({
      'virtual-size': size,
    })
  }

  test('create, checkpoint, merge, grow, attach, and a migration to Linux and back', async () => {
    await operate('convert', { sources: [{ path: 'disk.qcow2' }], target: 'web.vhdx', format: 'vhdx' })
    await machineIs({ state: 'Running' })
    await operate('snapshot-create', { image: 'web.vhdx', name: 'before' })
    const { machines } = await fleet.api.places.list.query({ host: 'south' })
    expect(machines).toMatchObject([
      {
        name: 'web ü',
        state: 'Running',
        checkpoints: { all: [{ name: 'before', files: [inLibrary('web.vhdx')] }] },
      },
    ])
    const active = machines?.[0]?.drives[0]?.path ?? ''
    await fleet.image('south', basename(active))
    await operate('snapshot-delete', { image: 'web.vhdx', name: 'before' }, ['snapshot-lost'])
    await sameDisk('vhdx', inLibrary('web.vhdx'))

    await machineIs({ state: 'Off' })
    await operate('grow', { image: 'web.vhdx', size: 96 * MiB, partition: 'none' })
    await sameDisk('vhdx', inLibrary('web.vhdx'), 96 * MiB)
    await operate('attach', { image: { path: 'web.vhdx' }, inUse: 'refuse' })
    expect(await fleet.api.places.attached.query({ host: 'south' })).toMatchObject({
      attached: [{ image: inLibrary('web.vhdx'), how: 'hyper-v', state: 'live', readOnly: true }],
    })
    await operate('detach', { target: inLibrary('web.vhdx') })
    expect((await state()).disks).toEqual([])

    const web = await waitFor('the grown disk in the inventory', async () => {
      const row = await fleet.image('south', 'web.vhdx')
      return row.virtualSize === 96 * MiB ? row : null
    })
    const there = await fleet.start(web, { targetHost: 'north', name: 'web.qcow2', format: 'qcow2' })
    expect(await fleet.ended(there.id)).toMatchObject({ state: 'succeeded', error: null })
    await sameDisk('qcow2', join(fleet.library('north'), 'web.qcow2'), 96 * MiB)
    const back = await fleet.start(await fleet.image('north', 'web.qcow2'), {
      name: 'again.vhdx',
      format: 'vhdx',
    })
    expect(await fleet.ended(back.id)).toMatchObject({ state: 'succeeded', error: null })
    await sameDisk('vhdx', inLibrary('again.vhdx'), 96 * MiB)
  })

  test('a chain of checkpoints goes to Linux, each state of it proven, and comes back as one disk', async () => {
    const files = ['base.vhdx', 'middle.avhdx', 'leaf.avhdx']
    const disks = files.map((_, at) => place.file(`state-${at}.raw`))
    for (const [at, name] of files.entries()) {
      const disk = disks[at] ?? ''
      await copyFile(disks[at - 1] ?? place.file('disk.raw'), disk)
      await using file = await open(disk, 'r+')
      await file.write(Buffer.alloc(MiB, at + 1), 0, MiB, (5 * at + 2) * MiB)
      await copyFile(disk, inLibrary(`state-${at}.raw`))
      const backing = at === 0 ? null : { path: files[at - 1] ?? '' }
      const sources = [{ path: `state-${at}.raw` }]
      await operate('convert', { sources, target: name, format: 'vhdx', backing }, ['raw-unrecognised'])
    }
    const drive = (name: string) => ({
      path: inLibrary(name),
      controllerType: 'SCSI' as const,
      controllerNumber: 0,
      controllerLocation: 0,
    })
    const kept = ['first', 'second'].map((name, at) => ({
      id: `6f9619ff-8b86-d011-b42d-00cf4fc96${at}00`,
      name,
      parentId: at === 0 ? null : `6f9619ff-8b86-d011-b42d-00cf4fc96${at - 1}00`,
      type: 'Standard' as const,
      isAutomatic: false,
      drives: [drive(files[at] ?? '')],
    }))
    const machine = machineWith(inLibrary('leaf.avhdx'), {
      state: 'Off',
      checkpoints: kept,
      parentId: kept[1]?.id ?? null,
    })
    await writeFile(stateFile(), JSON.stringify({ ...(await state()), machines: [machine] }))
    const before = await Promise.all(files.map(async (name) => readFile(inLibrary(name))))

    for (const [at, name] of files.entries()) {
      const image = await waitFor(`the chain of ${name}`, async () => {
        const row = await fleet.image('south', name)
        return row.virtualSize === 64 * MiB ? row : null
      })
      const there = await fleet.start(image, {
        targetHost: 'north',
        name: `state-${at}.qcow2`,
        format: 'qcow2',
      })
      expect(await fleet.ended(there.id)).toMatchObject({ state: 'succeeded', error: null })
      await sameDisk('qcow2', join(fleet.library('north'), `state-${at}.qcow2`), 64 * MiB, disks[at])
    }
    const back = await fleet.start(await fleet.image('north', 'state-2.qcow2'), {
      name: 'flat.vhdx',
      format: 'vhdx',
    })
    expect(await fleet.ended(back.id)).toMatchObject({ state: 'succeeded', error: null })
    await sameDisk('vhdx', inLibrary('flat.vhdx'), 64 * MiB, disks[2])
    const after = await Promise.all(files.map(async (name) => readFile(inLibrary(name))))
    expect(after.every((bytes, at) => bytes.equals(before[at] ?? Buffer.alloc(0)))).toBe(true)
  })

  test('the disk of a machine that runs is migrated after a word by name, or not at all', async () => {
    await machineIs({ state: 'Running' })
    const { id } = await fleet.image('south', 'web.vhdx')
    const request = { image: id, targetHost: 'north', targetLibrary: 'images', name: 'running.qcow2' }
    const found = await waitFor('that it is in use', async () => {
      const plan = await fleet.api.migrations.plan.query({ ...request, format: 'qcow2' })
      const problems = plan.kind === 'refusal' ? plan.problems : plan.warnings
      return problems.find((problem) => problem.id === 'in-use') ?? null
    })
    expect(found.message).toContain('web ü')
  })
})
