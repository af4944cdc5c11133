import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { listAttached } from '@varve/operations/actions/list-attached'
import { outcomeOf } from '@varve/operations/runs/run-state'
import { findPowershell } from '@varve/test-kit/powershell'
import { requires } from '@varve/test-kit/tools'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { changeMounts, readNotes } from './host/notes.ts'
import { cmdletTables } from './testing/stand-ins.ts'
import { ext4, ntfs, writeDisk } from './testing/windows-disk.ts'
import { WindowsTestHost } from './testing/windows-test-host.ts'

const pwsh = findPowershell()
const tables = cmdletTables()

const isReady =
  process.platform === 'linux' && pwsh !== null && tables !== null && requires('mkfs.ntfs', 'mkfs.ext4')

describe.skipIf(!isReady)('partitions of images at folders of Windows', () => {
  let host: WindowsTestHost
  let image = ''
  let foreign = ''

  const imageOf = async (name: string, program: Parameters<typeof writeDisk>[1]) => {
    const raw = host.place.file(`${name}.raw`)
    await writeDisk(raw, program)
    const target = host.place.file(`it's [${name}].vhdx`)
    const source = { path: raw, format: null, reading: {} }
    await host.carryOut('convert', { sources: [source], target, format: 'vhdx' })
    return target
  }

  beforeAll(async () => {
    if (!pwsh || !tables) return
    host = await WindowsTestHost.open({
      pwsh,
      tables,
      waits: { diskSeconds: 1, lateMs: 0, standstillMs: 0, releaseMs: 0, everyMs: 10 },
    })
    image = await imageOf('web', ntfs)
    foreign = await imageOf('linux', ext4)
  }, 60_000)

  afterAll(async () => host[Symbol.asyncDispose]())
  beforeEach(async () => host.reset())

  const wish = (folder: string, more: object = {}) => ({
    image: { path: image, format: null, reading: {} },
    folder,
    ...more,
  })

  const attachedNow = async () => {
    const { state } = await host.carryOut('attached', {})
    const [step] = state.steps
    return step ? listAttached.outcome.parse(outcomeOf(step)).attached : []
  }

  const numbered = (shown: string[][]) =>
    shown.map((words) =>
      words.map((word) => word.replace('-DiskNumber DISK', '-DiskNumber 1').replace(' PARTITION', ' 1')),
    )

  test('a new folder, read-only, is told, and goes with the disk', async () => {
    const folder = host.place.file('mnt it’s')
    const { plan, state } = await host.carryOut('mount', wish(folder))
    expect(plan.steps.map(({ action }) => action)).toEqual(['attach-vhd', 'mount-partition'])
    expect(numbered(await host.shownOf(plan))).toEqual(host.changes())
    const device = String.raw`\\.\Harddisk1Partition1`
    expect(state.steps[1]?.attempts.at(-1)).toMatchObject({
      outcome: { device, folder, wasOffline: false },
    })
    expect(await host.windows.state()).toMatchObject({
      disks: [{ path: image, isReadOnly: true, folders: { 1: [`${folder}\\`] } }],
    })
    expect(existsSync(folder)).toBe(true)
    expect(await attachedNow()).toMatchObject([
      { image, state: 'live', mounts: [{ device, folder: `${folder}\\` }] },
    ])
    expect(await host.refusal('mount', wish(folder))).toContain('folder-used')
    expect(await host.refusal('detach', { target: image })).toEqual(['in-use'])
    host.changes()
    const ended = await host.carryOut('umount', { folder })
    expect(ended.plan.steps.map(({ action }) => action)).toEqual(['unmount-partition', 'detach-vhd'])
    expect(numbered(await host.shownOf(ended.plan))).toEqual(host.changes())
    expect((await host.windows.state()).disks).toEqual([])
    expect(existsSync(folder)).toBe(false)
    expect(await attachedNow()).toEqual([])
    expect(await host.refusal('umount', { folder })).toEqual(['not-mounted'])
  })

  test('a letter, for writing: what is not on the disk yet is written before', async () => {
    const request = wish('x:', { isWritten: true, partition: 1 })
    const { state } = await host.carryOut('mount', request, ['image-is-written'])
    expect(await host.windows.state()).toMatchObject({
      disks: [{ isReadOnly: false, folders: { 1: ['X:\\'] } }],
    })
    host.changes()
    expect((await host.undo(state)).phase).toBe('undone')
    expect(host.changes().map((words) => words.find((word) => !word.startsWith('-')))).toEqual([
      'Write-VolumeCache',
      'Remove-PartitionAccessPath',
      'Dismount-VHD',
    ])
    expect((await host.windows.state()).disks).toEqual([])
    await host.carryOut('mount', request, ['image-is-written'])
    await host.carryOut('umount', { folder: 'X:\\' })
    expect((await host.windows.state()).disks).toEqual([])
  })

  test('what is attached already is used and stays, and goes offline again', async () => {
    await host.windows.set({ keepsOffline: true })
    await host.carryOut('attach', { image: wish('').image, inUse: 'refuse' })
    const folders = ['one', 'two'].map((name) => host.place.file(name))
    await mkdir(folders[0] ?? '')
    for (const folder of folders) {
      const { plan } = await host.carryOut('mount', wish(folder))
      expect(plan.steps.map(({ action }) => action)).toEqual(['mount-partition'])
    }
    expect(await host.windows.state()).toMatchObject({ disks: [{ isOffline: false }] })
    host.changes()
    await host.carryOut('umount', { folder: folders[1] ?? '' })
    expect(await host.windows.state()).toMatchObject({ disks: [{ isOffline: false }] })
    await host.carryOut('umount', { folder: folders[0] ?? '' })
    expect(await host.windows.state()).toMatchObject({ disks: [{ isOffline: true }] })
    // One was there before.
    expect(folders.map((folder) => existsSync(folder))).toEqual([true, false])
    await host.carryOut('detach', { target: image })
  })

  test('a disk that comes offline is brought online for it', async () => {
    await host.windows.set({ keepsOffline: true })
    const { state } = await host.carryOut('mount', wish(host.place.file('online')))
    expect(state.steps[1]?.attempts.at(-1)).toMatchObject({ outcome: { wasOffline: true } })
    expect(await host.windows.state()).toMatchObject({ disks: [{ isOffline: false }] })
    await host.carryOut('umount', { folder: host.place.file('online') })
  })

  test('refused with the reason: what is not of Windows, no room for it, no way', async () => {
    const folder = host.place.file('refused')
    await mkdir(host.place.file('full/in'), { recursive: true })
    await writeFile(host.place.file('file'), '')
    const linux = { image: { path: foreign, format: null, reading: {} } }
    const raw = { image: { path: host.place.file('web.raw'), format: null, reading: {} } }
    const refusals = {
      linux: await host.refusal('mount', wish(folder, linux)),
      raw: await host.refusal('mount', wish(folder, raw)),
      partition: await host.refusal('mount', wish(folder, { partition: 4 })),
      luks: await host.refusal('mount', wish(folder, { isLuks: true })),
      full: await host.refusal('mount', wish(host.place.file('full'))),
      file: await host.refusal('mount', wish(host.place.file('file'))),
      nowhere: await host.refusal('mount', wish(host.place.file('no/folder'))),
    }
    expect(refusals).toEqual({
      linux: ['no-filesystem'],
      raw: ['no-way'],
      partition: ['no-filesystem'],
      luks: ['filesystem-not-mounted'],
      full: ['folder-used'],
      file: ['folder-used'],
      nowhere: ['folder-missing'],
    })
    host.windows.as = 'plain'
    expect(await host.refusal('mount', wish(folder))).toEqual(['not-elevated'])
    expect(await host.refusal('umount', { folder })).toEqual(['not-elevated'])
  })

  test.each([
    ['a volume that Windows does not show', 'Get-Volume', "[pscustomobject]@{ FileSystem = '' }", 'refused'],
    [
      'a letter that was taken meanwhile',
      'Add-PartitionAccessPath',
      "Write-Error -Message 'schon verwendet' -ErrorId 'StorageWMI 42002,Add-PartitionAccessPath' -Category InvalidArgument",
      'refused',
    ],
    ['a folder that does not come', 'Add-PartitionAccessPath', '', 'no-progress'],
    ['a partition that does not come', 'Set-Disk', '', 'no-progress'],
  ])('%s: what was done is undone', async (_what, cmdlet, fault, code) => {
    if (cmdlet === 'Set-Disk') await host.windows.set({ keepsOffline: true })
    const folder = host.place.file('fault')
    const request = wish(folder)
    const plan = await host.plan('mount', request)
    host.windows.faults.set(cmdlet, fault)
    const state = await host.start(plan, request)
    expect([state.phase, state.error?.code]).toEqual(['failed', code])
    expect((await host.windows.state()).disks).toEqual([])
    expect(existsSync(folder)).toBe(false)
    expect(await readdir(host.place.file('state/attached'))).toEqual([])
  })

  test('a mount that never came is forgotten by a detach, with its folder', async () => {
    await host.carryOut('attach', { image: wish('').image, inUse: 'refuse' })
    const folder = host.place.file('half')
    await mkdir(folder)
    const notes = host.place.file('state/attached')
    const [note] = await readNotes(notes)
    if (!note) throw new Error('there is no note')
    const mount = { folder, start: 2 ** 20, isFolderOurs: true, wasOffline: false }
    await changeMounts(notes, note, () => [mount])
    await host.carryOut('detach', { target: image })
    expect([await readNotes(notes), existsSync(folder)]).toEqual([[], false])
  })

  test('what was ejected by hand is forgotten by its umount, with the folder', async () => {
    const folder = host.place.file('ejected')
    await host.carryOut('mount', wish(folder))
    await host.windows.set({ disks: [] })
    await host.carryOut('umount', { folder })
    expect([await attachedNow(), existsSync(folder)]).toEqual([[], false])
  })
})
