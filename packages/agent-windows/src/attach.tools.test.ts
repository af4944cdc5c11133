import { copyFile, writeFile } from 'node:fs/promises'
import { listAttached } from '@varve/operations/actions/list-attached'
import { outcomeOf } from '@varve/operations/runs/run-state'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { findPowershell } from '@varve/test-kit/powershell'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { usualWaits } from './actions/waits.ts'
import { cmdletTables } from './testing/stand-ins.ts'
import { machineWith } from './testing/windows-stand-in.ts'
import { WindowsTestHost } from './testing/windows-test-host.ts'

const pwsh = findPowershell()
const tables = cmdletTables()
const waits = { ...usualWaits, diskSeconds: 2, lateMs: 300, everyMs: 50, diskpartMs: 0 }

describe.skipIf(process.platform !== 'linux' || pwsh === null || tables === null)(
  'images as disks of Windows',
  () => {
    let host: WindowsTestHost
    let image = ''

    beforeAll(async () => {
      if (pwsh && tables) host = await WindowsTestHost.open({ pwsh, tables, waits })
      const disk = Buffer.alloc(8 * 1024 ** 2)
      disk.set(mbrSector(disk.length))
      const raw = host.place.file('disk.raw')
      await writeFile(raw, disk)
      image = host.place.file("it's [web].vhdx")
      const source = { path: raw, format: null, reading: {} }
      await host.carryOut('convert', { sources: [source], target: image, format: 'vhdx' })
    }, 60_000)

    afterAll(async () => host[Symbol.asyncDispose]())
    beforeEach(async () => host.reset())

    const wish = (more: object = {}) => ({
      image: { path: image, format: null, reading: {} },
      inUse: 'refuse',
      ...more,
    })

    const attachedNow = async () => {
      const { state } = await host.carryOut('attached', {})
      const [step] = state.steps
      return step && listAttached.outcome.parse(outcomeOf(step)).attached
    }

    test.each([true, false])('one is attached, found, told and detached; Hyper-V: %s', async (isThere) => {
      if (!isThere) for (const name of ['Mount-VHD', 'Dismount-VHD']) host.windows.missing.add(name)
      const { plan, state } = await host.carryOut('attach', wish())
      expect(await host.shownOf(plan)).toEqual(host.changes())
      expect(plan.steps.map(({ action }) => action)).toEqual(['attach-vhd'])
      const partition = { number: 1, start: 2 ** 20, size: 7 * 2 ** 20 }
      const device = String.raw`\\.\PhysicalDrive1`
      const partitions = [{ ...partition, device: String.raw`\\.\Harddisk1Partition1` }]
      expect(state.steps[0]?.attempts.at(-1)).toMatchObject({
        outcome: { device, size: 8 * 2 ** 20, readOnly: true, isOffline: false, partitions },
      })
      expect(await attachedNow()).toMatchObject([
        { image, device, state: 'live', readOnly: true, partitions },
      ])
      expect(await host.refusal('attach', wish())).toEqual(['already-attached'])
      host.changes()
      const detached = await host.carryOut('detach', { target: device })
      expect(await host.shownOf(detached.plan)).toEqual(host.changes())
      expect((await host.windows.state()).disks).toEqual([])
      expect(await attachedNow()).toEqual([])
    })

    test('undone, it is detached; for writing it is said so, and consented to', async () => {
      const accepted = ['image-is-written']
      const { plan, state } = await host.carryOut('attach', wish({ isWritten: true }), accepted)
      expect(plan.warnings.filter(({ asks }) => asks).map(({ id }) => id)).toEqual(accepted)
      expect(await host.windows.state()).toMatchObject({ disks: [{ isReadOnly: false }] })
      expect((await host.undo(state)).phase).toBe('undone')
      expect((await host.windows.state()).disks).toEqual([])
    })

    test('where new disks stay offline, so does this one, and it is said', async () => {
      await host.windows.set({ keepsOffline: true })
      const { state } = await host.carryOut('attach', wish())
      expect(state.steps[0]?.attempts.at(-1)).toMatchObject({ outcome: { isOffline: true } })
      await host.carryOut('detach', { target: image })
    })

    test('what others attached, or have opened on a drive letter, is not taken from them', async () => {
      const others = { number: 4, path: image.toUpperCase(), isReadOnly: true, isOffline: false, folders: {} }
      await host.windows.set({ disks: [{ ...others, path: image }] })
      expect(await host.refusal('attach', wish())).toEqual(['already-attached'])
      expect(await host.refusal('detach', { target: image })).toEqual(['not-attached'])
      await host.windows.set({ disks: [] })
      await host.carryOut('attach', wish())
      const { disks } = await host.windows.state()
      await host.windows.set({ disks: disks.map((disk) => ({ ...disk, folders: { 1: ['E:\\'] } })) })
      expect(await host.refusal('detach', { target: image })).toEqual(['in-use'])
      await host.windows.set({ disks })
      await host.carryOut('detach', { target: image })
    })

    test('what was ejected by hand is told as gone, and forgotten by its detach', async () => {
      await host.carryOut('attach', wish())
      await host.windows.set({ disks: [] })
      expect(await attachedNow()).toMatchObject([{ image, state: 'gone' }])
      await host.carryOut('detach', { target: image })
      expect(await attachedNow()).toEqual([])
    })

    test('a machine that starts before it is attached keeps it: nothing is left of the attempt', async () => {
      const request = wish()
      const plan = await host.plan('attach', request)
      await host.windows.set({ machines: [machineWith(image)] })
      const state = await host.start(plan, request)
      expect([state.phase, state.error?.code]).toEqual(['failed', 'in-use'])
      expect((await host.windows.state()).disks).toEqual([])
      expect(await attachedNow()).toEqual([])
      await host.windows.set({ machines: [] })
    })

    describe('by diskpart, where there is neither module', () => {
      let plain = ''

      beforeAll(async () => {
        plain = host.place.file('plain name.vhdx')
        await copyFile(image, plain)
      })

      beforeEach(async () => host.windows.set({ hasModules: false }))

      const wished = { image: { path: '', format: null, reading: {} }, inUse: 'refuse' }
      const named = () => ({ ...wished, image: { ...wished.image, path: plain } })

      test('one is attached, found, told with its letters, and detached', async () => {
        const { plan } = await host.carryOut('attach', named())
        expect(await host.shownOf(plan)).toEqual([
          [`diskpart /s SCRIPT, whose lines are: select vdisk file="${plain}"; attach vdisk readonly`],
        ])
        expect(await attachedNow()).toMatchObject([
          { image: plain, how: 'diskpart', state: 'live', readOnly: true, mounts: [{ folder: 'E:\\' }] },
        ])
        expect(await host.refusal('attach', named())).toEqual(['already-attached'])
        const detached = await host.carryOut('detach', { target: plain })
        expect(detached.plan.steps).toMatchObject([{ input: { by: 'diskpart' } }])
        expect((await host.windows.state()).disks).toEqual([])
        expect(await attachedNow()).toEqual([])
      })

      test('it says that all went well, and nothing came: that is believed', async () => {
        const plan = await host.plan('attach', named())
        await host.windows.set({ diskpart: 'nothing' })
        const { phase, error } = await host.start(plan, named())
        expect([phase, error?.code, error?.message]).toEqual([
          'failed',
          'tool-failed',
          expect.stringContaining('expuso correctamente'),
        ])
        expect(await attachedNow()).toEqual([])
        await host.windows.set({ diskpart: 'as told' })
        await host.carryOut('attach', named())
        await host.windows.set({ diskpart: 'nothing' })
        await expect(host.carryOut('detach', { target: plain })).rejects.toThrow('diskpart')
        expect(await attachedNow()).toMatchObject([{ image: plain, state: 'live' }])
        await host.windows.set({ diskpart: 'as told' })
        await host.carryOut('detach', { target: plain })
      })

      test('refused: for writing, a name that no script has, no rights, a mount', async () => {
        expect(await host.refusal('attach', { ...named(), isWritten: true })).toContain('no-way')
        const umlaut = host.place.file('Größe.vhdx')
        await copyFile(image, umlaut)
        const other = { ...wished, image: { ...wished.image, path: umlaut } }
        expect(await host.refusal('attach', other)).toEqual(['name-of-diskpart'])
        expect(await host.refusal('mount', { ...named(), folder: host.place.file('m') })).toEqual(['no-way'])
        host.windows.as = 'plain'
        expect(await host.refusal('attach', named())).toEqual(['not-elevated'])
      })
    })

    test('refused with the reason: another format, no rights, no module, no PowerShell', async () => {
      const raw = { image: { path: host.place.file('disk.raw'), format: null, reading: {} }, inUse: 'refuse' }
      expect(await host.refusal('attach', raw)).toEqual(['no-way'])
      host.windows.as = 'plain'
      expect(await host.refusal('attach', wish())).toEqual(['not-elevated'])
      host.windows.as = 'elevated'
      host.windows.missing.add('Get-Disk')
      expect(await host.refusal('attach', wish())).toEqual(['no-way'])
    })
  },
)
