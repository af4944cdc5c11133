import { writeFile } from 'node:fs/promises'
import { shownAction } from '@varve/agent/actions/perform'
import { openTestHost, type TestHost } from '@varve/agent/testing/test-host'
import { listAttached } from '@varve/operations/actions/list-attached'
import { outcomeOf } from '@varve/operations/runs/run-state'
import type { Plan, Refusal } from '@varve/operations/plans/plan'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { findPowershell } from '@varve/test-kit/powershell'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { windowsAdapters } from './actions/adapter-table.ts'
import { cmdlet } from './actions/cmdlets.ts'
import { windowsDisks } from './disks/windows-disks.ts'
import { cmdletTables } from './testing/stand-ins.ts'
import { machineWith, WindowsStandIn } from './testing/windows-stand-in.ts'

const pwsh = findPowershell()
const tables = cmdletTables()
const stop = new AbortController().signal

describe.skipIf(process.platform !== 'linux' || pwsh === null || tables === null)(
  'images as disks of Windows',
  () => {
    let place: TempPlace
    let windows: WindowsStandIn
    let host: TestHost
    let image = ''

    beforeAll(async () => {
      place = await tempPlace()
      if (pwsh && tables) windows = await WindowsStandIn.open(place.path, { pwsh, tables })
      const disks = windowsDisks(windows)
      host = openTestHost(place.path, { adapters: adapters(), windowsDisks: disks })
      const disk = Buffer.alloc(8 * 1024 ** 2)
      disk.set(mbrSector(disk.length))
      await writeFile(place.file('disk.raw'), disk)
      image = place.file("it's [web].vhdx")
      await carryOut('convert', {
        sources: [{ path: place.file('disk.raw'), format: null, reading: {} }],
        target: image,
        format: 'vhdx',
      })
    }, 60_000)

    const adapters = () => windowsAdapters({ scripts: windows, disks: windowsDisks(windows) })

    afterAll(async () => {
      await host[Symbol.asyncDispose]()
      await windows[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    })

    beforeEach(async () => {
      await windows.set({ disks: [], machines: [], keepsOffline: false })
      windows.missing.clear()
      windows.as = 'elevated'
      windows.calls.length = 0
    })

    async function refusal(operation: string, request: object): Promise<string[]> {
      const plan = await host.plan(operation, request)
      return plan.kind === 'refusal' ? plan.problems.map(({ id }) => id) : ['no refusal']
    }

    async function carryOut(operation: string, request: object, accepted: readonly string[] = []) {
      const plan = asPlan(await host.plan(operation, request))
      const state = await host.runs.start({ plan, request, accepted }, { stop })
      expect([state.phase, state.error?.message]).toEqual(['succeeded', undefined])
      return { plan, state }
    }

    const wish = (more: object = {}) => ({
      image: { path: image, format: null, reading: {} },
      inUse: 'refuse',
      ...more,
    })

    /** What was called, without what only reads. */
    const changes = () =>
      windows.calls
        .filter(({ name }) => !name.startsWith('Get-'))
        .map(({ name, given }) => cmdlet(name, Object.fromEntries(Object.entries(given).map(asShown))))
    const asShown = ([key, value]: [string, string]): [string, string | boolean] => [
      key,
      value === 'True' ? true : value === 'False' ? false : value,
    ]
    const shownOf = async ({ steps }: Plan) =>
      Promise.all(
        steps.map(async ({ action, input }) => (await shownAction(adapters(), { action, input })).native),
      )
    const attachedNow = async () => {
      const { state } = await carryOut('attached', {})
      const [step] = state.steps
      return step && listAttached.outcome.parse(outcomeOf(step)).attached
    }

    test.each([
      [false, 'Mount-VHD'],
      [true, 'Mount-DiskImage'],
    ])('one is attached, found, told and detached; without Hyper-V: %s', async (isWithout, mount) => {
      if (isWithout) for (const name of ['Mount-VHD', 'Dismount-VHD']) windows.missing.add(name)
      const { plan, state } = await carryOut('attach', wish())
      expect(inOrder(await shownOf(plan))).toEqual(inOrder(changes()))
      expect(changes()).toEqual([expect.stringMatching(new RegExp(`^${mount} .*ReadOnly`, 'u'))])
      const partition = { number: 1, start: 2 ** 20, size: 7 * 2 ** 20 }
      const device = String.raw`\\.\PhysicalDrive1`
      const partitions = [{ ...partition, device: String.raw`\\.\Harddisk1Partition1` }]
      expect(state.steps[0]?.attempts.at(-1)).toMatchObject({
        outcome: { device, size: 8 * 2 ** 20, readOnly: true, isOffline: false, partitions },
      })
      expect(await attachedNow()).toMatchObject([
        { image, device, state: 'live', readOnly: true, partitions },
      ])
      expect(await refusal('attach', wish())).toEqual(['already-attached'])
      windows.calls.length = 0
      const detached = await carryOut('detach', { target: device })
      expect(inOrder(await shownOf(detached.plan))).toEqual(inOrder(changes()))
      expect((await windows.state()).disks).toEqual([])
      expect(await attachedNow()).toEqual([])
    })

    test('undone, it is detached; for writing it is said so, and consented to', async () => {
      const accepted = ['image-is-written']
      const { plan, state } = await carryOut('attach', wish({ isWritten: true }), accepted)
      expect(plan.warnings.filter(({ asks }) => asks).map(({ id }) => id)).toEqual(accepted)
      expect(await windows.state()).toMatchObject({ disks: [{ isReadOnly: false }] })
      expect((await host.runs.undo(state.id, { stop })).phase).toBe('undone')
      expect((await windows.state()).disks).toEqual([])
    })

    test('where new disks stay offline, so does this one, and it is said', async () => {
      await windows.set({ keepsOffline: true })
      const { state } = await carryOut('attach', wish())
      expect(state.steps[0]?.attempts.at(-1)).toMatchObject({ outcome: { isOffline: true } })
      await carryOut('detach', { target: image })
    })

    test('what others attached, or have opened on a drive letter, is not taken from them', async () => {
      const others = { number: 4, path: image.toUpperCase(), isReadOnly: true, isOffline: false, folders: {} }
      await windows.set({ disks: [{ ...others, path: image }] })
      expect(await refusal('attach', wish())).toEqual(['already-attached'])
      expect(await refusal('detach', { target: image })).toEqual(['not-attached'])
      await windows.set({ disks: [] })
      await carryOut('attach', wish())
      const { disks } = await windows.state()
      await windows.set({ disks: disks.map((disk) => ({ ...disk, folders: { 1: ['E:\\'] } })) })
      expect(await refusal('detach', { target: image })).toEqual(['in-use'])
      await windows.set({ disks })
      await carryOut('detach', { target: image })
    })

    test('what was ejected by hand is told as gone, and forgotten by its detach', async () => {
      await carryOut('attach', wish())
      await windows.set({ disks: [] })
      expect(await attachedNow()).toMatchObject([{ image, state: 'gone' }])
      await carryOut('detach', { target: image })
      expect(await attachedNow()).toEqual([])
    })

    test('a machine that starts before it is attached keeps it: nothing is left of the attempt', async () => {
      const request = wish()
      const plan = asPlan(await host.plan('attach', request))
      await windows.set({ machines: [machineWith(image)] })
      const state = await host.runs.start({ plan, request, accepted: [] }, { stop })
      expect([state.phase, state.error?.code]).toEqual(['failed', 'in-use'])
      expect((await windows.state()).disks).toEqual([])
      expect(await attachedNow()).toEqual([])
      await windows.set({ machines: [] })
    })

    test('refused with the reason: another format, no rights, no module, no PowerShell', async () => {
      const raw = { image: { path: place.file('disk.raw'), format: null, reading: {} }, inUse: 'refuse' }
      expect(await refusal('attach', raw)).toEqual(['no-way'])
      windows.as = 'plain'
      expect(await refusal('attach', wish())).toEqual(['not-elevated'])
      windows.as = 'elevated'
      windows.missing.add('Get-Disk')
      expect(await refusal('attach', wish())).toEqual(['no-way'])
    })
  },
)

/** The order of parameters is nobody's. */
const inOrder = (commands: readonly (string | undefined)[]) =>
  commands.map((one = '') => one.split(/ (?=-)/u).toSorted())

function asPlan(plan: Plan | Refusal): Plan {
  if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join('; '))
  return plan
}
