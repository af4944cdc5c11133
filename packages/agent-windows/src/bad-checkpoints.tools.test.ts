import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { performAction, shownAction } from '@varve/agent/actions/perform'
import type { RunState } from '@varve/operations/runs/run-state'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { findPowershell } from '@varve/test-kit/powershell'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { windowsAdapters } from './actions/adapter-table.ts'
import { windowsOver } from './testing/windows-over.ts'
import { cmdletTables } from './testing/stand-ins.ts'
import { answers } from './testing/windows-answers.ts'
import { machineWith, type StandInCheckpoint, type StandInMachine } from './testing/windows-stand-in.ts'
import { WindowsTestHost } from './testing/windows-test-host.ts'

const pwsh = findPowershell()
const tables = cmdletTables()
const waits = { diskSeconds: 1, lateMs: 1000, standstillMs: 500, releaseMs: 1000, everyMs: 100 }
const drive = { path: '', controllerType: 'SCSI', controllerNumber: 0, controllerLocation: 0 } as const
const ids = ['11111111-8b86-d011-b42d-00cf4fc964ff', '22222222-8b86-d011-b42d-00cf4fc964ff'] as const

describe.skipIf(process.platform !== 'linux' || pwsh === null || tables === null)(
  'bad input of a Hyper-V',
  () => {
    let host: WindowsTestHost
    let library: WindowsTestHost
    let image = ''

    beforeAll(async () => {
      if (!pwsh || !tables) return
      host = await WindowsTestHost.open({ pwsh, tables, waits })
      const roots = (place: { file(name: string): string }) => [place.file('library')]
      library = await WindowsTestHost.open({ pwsh, tables, waits, roots })
      const disk = Buffer.alloc(8 * 1024 ** 2)
      disk.set(mbrSector(disk.length))
      const raw = host.place.file('disk.raw')
      await writeFile(raw, disk)
      image = host.place.file('web.vhdx')
      const source = { path: raw, format: null, reading: {} }
      await host.carryOut('convert', { sources: [source], target: image, format: 'vhdx' })
      await mkdir(library.place.file('library'))
      for (const name of ['library/web.vhdx', 'secret.vhdx']) await copyFile(image, library.place.file(name))
    }, 60_000)

    afterAll(async () => {
      await host[Symbol.asyncDispose]()
      await library[Symbol.asyncDispose]()
    })
    beforeEach(async () => {
      await host.reset()
      await library.reset()
    })

    const has = async (...more: readonly Partial<StandInMachine>[]) =>
      host.windows.set({ machines: more.map((one) => machineWith(image, { state: 'Off', ...one })) })
    const machine = async () => {
      const [found] = (await host.windows.state()).machines
      if (!found) throw new Error('there is no machine')
      return found
    }
    const names = async () => (await machine()).checkpoints.map(({ name }) => name)
    const checkpoint = (id: string, name: string): StandInCheckpoint => ({
      id,
      name,
      parentId: null,
      type: 'Standard',
      isAutomatic: false,
      drives: [{ ...drive, path: image }],
    })
    const begin = async (
      operation: string,
      request: object,
      meanwhile: () => Promise<unknown> = async () => {},
    ) => {
      const plan = await host.plan(operation, request)
      await meanwhile()
      return await host.start(plan, request, ['snapshot-lost'])
    }
    const end = ({ phase, error, undoFailures }: RunState) => [phase, error?.code, undoFailures.length]
    const failing = (code: string) =>
      `Write-SystemError 'Fehler beim Prüfpunkt' ${code} 'OperationFailed,Microsoft.HyperV.PowerShell.Commands.CheckpointVM' 'NotSpecified'`
    const adapters = () =>
      windowsAdapters({ scripts: host.windows, windows: windowsOver(host.windows), waits })

    test.each([
      `it's "$(Remove-VM *)" \`n; [a-z]*?`,
      'neue\nzeile\t\u001b[2J',
      '\u202Egnp.exe\u202C',
      'ü'.repeat(127),
      '2026-11-30T18-43-35',
    ])('a checkpoint called %j keeps that name, and is the one that is undone', async (name) => {
      await has({ name, state: 'Running' })
      const plan = await host.plan('snapshot-create', { image, name })
      expect(plan.summary).not.toMatch(/[\n\u001B\u202E]/u)
      const state = await host.start(plan, { image, name })
      expect([state.phase, await names()]).toEqual(['succeeded', [name]])
      expect((await host.undo(state)).phase).toBe('undone')
      expect(await names()).toEqual([])
    })

    test('what cannot be told to Hyper-V again is told by its id, also where the name is empty, long or of two', async () => {
      const all = [checkpoint(ids[0], 'x'.repeat(400)), checkpoint(ids[1], '')]
      await has({ checkpoints: all })
      await host.carryOut('snapshot-delete', { image, name: ids[0].toUpperCase() }, ['snapshot-lost'])
      await host.carryOut('snapshot-delete', { image, name: ids[1] }, ['snapshot-lost'])
      expect(await names()).toEqual([])
      await has({ checkpoints: ids.map((id) => checkpoint(id, 'zwei')) })
      expect(await host.refusal('snapshot-delete', { image, name: 'zwei' })).toEqual(['snapshot-ambiguous'])
      await host.carryOut('snapshot-delete', { image, name: ids[1] }, ['snapshot-lost'])
      expect((await machine()).checkpoints.map(({ id }) => id)).toEqual([ids[0]])
    })

    test('what is shown can be pasted: names are quoted, and machines are known by their ids', async () => {
      const name = `$(Remove-VM *)'; x`
      await has({ name, checkpointType: 'Disabled' })
      const refused = await host.host.plan('snapshot-create', { image, name: 'a' })
      const said = refused.kind === 'refusal' ? refused.problems.map(({ remedy }) => remedy).join() : ''
      expect(said).toContain(`-VM (Get-VM -Id ${machineWith(image).id})`)
      expect(said).not.toContain('Remove-VM')
      const input = { machine: ids[0], called: 'x', name, checkpoint: null }
      const shown = await shownAction(adapters(), { action: 'delete-checkpoint', input })
      expect(shown.native).toContain(`Name -ceq '$(Remove-VM *)''; x'`)
    })

    test('a checkpoint of that name that others made meanwhile is theirs', async () => {
      await has({})
      const state = await begin('snapshot-create', { image, name: 'a' }, async () =>
        has({ checkpoints: [checkpoint(ids[0], 'a')] }),
      )
      expect(end(state)).toEqual(['failed', 'refused', 0])
      expect(await names()).toEqual(['a'])
    })

    test('one that another run of Varve’s made meanwhile is that one’s', async () => {
      await has({})
      const state = await begin('snapshot-create', { image, name: 'a' }, async () =>
        host.carryOut('snapshot-create', { image, name: 'a' }),
      )
      expect(end(state)).toEqual(['failed', 'refused', 0])
      expect(await names()).toEqual(['a'])
    })

    test('one that others make while Hyper-V fails to make Varve’s is theirs', async () => {
      await has({})
      const others = JSON.stringify(checkpoint(ids[0], 'a')).replaceAll("'", "''")
      host.windows.faults.set(
        'Checkpoint-VM',
        `$state = Read-State; $state.machines[0].checkpoints = @(ConvertFrom-Json '${others}'); Save-State $state; ${failing('0x80070070')}`,
      )
      expect(end(await begin('snapshot-create', { image, name: 'a' }))).toEqual(['failed', 'no-space', 0])
      expect(await names()).toEqual(['a'])
    })

    test('one that hangs after it was made is removed again; one that makes nothing leaves nothing', async () => {
      await has({ state: 'Running' })
      host.windows.faults.set('Checkpoint-VM', `${answers['Checkpoint-VM']}; Start-Sleep -Seconds 100`)
      host.windows.silenceMs.set('checkpoint-machine', 6000)
      expect(end(await begin('snapshot-create', { image, name: 'a' }))).toEqual(['failed', 'no-progress', 0])
      expect(await machine()).toMatchObject({ checkpoints: [], drives: [{ path: image }] })
      host.windows.faults.set('Checkpoint-VM', '')
      const { error } = await begin('snapshot-create', { image, name: 'a' })
      expect([error?.code, error?.layer]).toEqual(['tool-failed', 'L2'])
    })

    test('a restore or removal that ends well and does nothing is told, and what is kept is taken back', async () => {
      await has({ checkpoints: [checkpoint(ids[0], 'a')] })
      host.windows.faults.set('Restore-VMSnapshot', '')
      const applied = await begin('snapshot-apply', { image, name: 'a' })
      expect(end(applied)).toEqual(['failed', 'tool-failed', 0])
      expect(await names()).toEqual(['a'])
      host.windows.faults.set('Remove-VMSnapshot', '')
      const removed = await begin('snapshot-delete', { image, name: 'a' })
      expect([removed.phase, removed.error?.code]).toEqual(['failed', 'no-progress'])
    })

    test('a machine, a checkpoint or rights that are gone when it begins', async () => {
      const [first] = [checkpoint(ids[0], 'a')]
      await has({ checkpoints: [first] })
      const created = await begin('snapshot-create', { image, name: 'b' }, async () => has())
      expect(end(created)).toEqual(['failed', 'not-found', 0])
      expect(created.error?.message).toContain('no such machine')
      await has({ checkpoints: [first] })
      expect(end(await begin('snapshot-delete', { image, name: 'a' }, async () => has()))[0]).toBe(
        'succeeded',
      )
      await has({ checkpoints: [first] })
      const applied = await begin('snapshot-apply', { image, name: 'a' }, async () => has({}))
      expect(end(applied)).toEqual(['failed', 'not-found', 0])
      expect(applied.error?.message).toContain('no such checkpoint')
      const denied = await begin('snapshot-create', { image, name: 'b' }, async () => {
        host.windows.as = 'plain'
      })
      expect([denied.error?.code, denied.error?.layer]).toEqual(['refused', 'L1'])
      host.windows.as = 'elevated'
    })

    test('of two machines of one name the one that has the image is meant; one disk of two is refused', async () => {
      const other = host.place.file('other.vhdx')
      await copyFile(image, other)
      const twin = { id: ids[1], drives: [{ ...drive, path: other }] }
      await has(twin, {})
      await host.carryOut('snapshot-create', { image, name: 'a' })
      expect((await host.windows.state()).machines.map(({ checkpoints }) => checkpoints.length)).toEqual([
        0, 1,
      ])
      await has({}, { id: ids[1] })
      await expect(host.plan('snapshot-create', { image, name: 'b' })).rejects.toMatchObject({
        code: 'refused',
        details: { finding: 'machine-ambiguous' },
      })
    })

    test('a Hyper-V that answers with errors is told as that, and keeps nobody from images that it cannot have', async () => {
      host.windows.faults.set('Get-VM', failing('0x800706BA'))
      await expect(host.plan('snapshot-create', { image, name: 'a' })).rejects.toMatchObject({
        code: 'tool-failed',
        file: 'get-machines.ps1',
        message: expect.stringContaining('0x800706BA'),
      })
      expect(
        await host.refusal('snapshot-create', { image: host.place.file('disk.raw'), name: 'a' }),
      ).toEqual(['no-internal-snapshots'])
    })

    test.each(['fi-FI', 'th-TH', 'ar-SA'])(
      'times and files are told alike in %s; disks of the host and empty slots are none',
      async (culture) => {
        const own = `[pscustomobject]@{ Path = 'C:\\ClusterStorage\\Volume1\\a.vhdx'; DiskNumber = $null; ControllerType = 'SCSI'; ControllerNumber = 0; ControllerLocation = 0 }`
        const drives = `@([pscustomobject]@{ Path = 'Disk 2 0.93 GB Bus 0 Lun 0 Target 1'; DiskNumber = [uint32] 2 }, [pscustomobject]@{ Path = $null; DiskNumber = $null }, ${own})`
        await has({ checkpoints: [{ ...checkpoint(ids[0], 'a'), drives: [] }] })
        const inCulture = `[Threading.Thread]::CurrentThread.CurrentCulture = [Globalization.CultureInfo]::GetCultureInfo('${culture}')`
        host.windows.faults.set(
          'Get-VM',
          `${inCulture}; (Read-State).machines | ForEach-Object -Process { $vm = ConvertTo-Machine $_; $vm.HardDrives = ${drives}; $vm }`,
        )
        const { machines } = await windowsOver(host.windows).machines()
        expect(machines).toMatchObject([
          {
            drives: [{ path: String.raw`C:\ClusterStorage\Volume1\a.vhdx` }],
            checkpoints: { all: [{ madeAt: '2026-11-01T10:00:00Z', files: [] }] },
          },
        ])
        host.windows.faults.set(
          'Get-VM',
          '[Threading.Thread]::CurrentThread.CurrentCulture = [Globalization.CultureInfo]::InvariantCulture',
        )
        await windowsOver(host.windows).machines()
      },
    )

    describe('for an agent with a library', () => {
      const own = () => library.place.file('library/web.vhdx')
      const secret = () => library.place.file('secret.vhdx')
      const refusalOf = async (operation: string, request: object) =>
        library.host.plan(operation, request).then(
          (plan) => (plan.kind === 'refusal' ? plan.problems[0]?.id : 'a plan'),
          (error: { code: string; message: string }) => {
            expect(error.message).not.toContain('secret')
            return error.code
          },
        )

      test('a machine that has a disk outside is not acted on, and that disk is not named', async () => {
        const drives = [own(), secret()].map((path, at) => ({ ...drive, path, controllerLocation: at }))
        await library.windows.set({ machines: [machineWith(own(), { drives })] })
        expect(await refusalOf('snapshot-create', { image: own(), name: 'a' })).toBe('refused')
        await library.windows.set({ machines: [machineWith(own())] })
        const plan = await library.plan('snapshot-create', { image: own(), name: 'a' })
        await library.windows.set({ machines: [machineWith(own(), { drives })] })
        const state = await library.start(plan, {})
        expect([state.phase, state.error?.code]).toEqual(['failed', 'refused'])
        expect(state.error?.message).not.toContain('secret')
        expect((await library.windows.state()).machines[0]?.checkpoints).toEqual([])
      })

      test('a link that leads out is neither attached nor given a checkpoint', async () => {
        const link = library.place.file('library/link.vhdx')
        await symlink(secret(), link)
        await library.windows.set({ machines: [machineWith(link)] })
        expect(await refusalOf('snapshot-create', { image: link, name: 'a' })).toBe('refused')
        const address = { path: link, format: null, reading: {} }
        expect(await refusalOf('attach', { image: address, inUse: 'refuse' })).toBe('outside-library')
        const windows = windowsOver(library.windows)
        const input = { attachment: 'a', image: link, by: 'hyper-v', isReadOnly: true }
        const { ports } = library.host
        const context = { ports, signal: new AbortController().signal, isResumed: false, onProgress() {} }
        const all = windowsAdapters({ scripts: library.windows, windows, waits })
        for (const action of ['attach-vhd', 'detach-vhd'])
          await expect(
            performAction(
              all,
              { action, input: { ...input, image: action === 'attach-vhd' ? link : secret() } },
              context,
            ),
          ).rejects.toMatchObject({ code: 'outside-library' })
        expect(library.changes()).toEqual([])
      })

      test('what is attached outside is not told, nor detached', async () => {
        const disks = [{ number: 1, path: secret(), isReadOnly: true, isOffline: false, folders: {} }]
        await library.windows.set({ disks, machines: [] })
        expect(await refusalOf('detach', { target: secret() })).toBe('not-attached')
        expect(await refusalOf('detach', { target: String.raw`\\.\PhysicalDrive1` })).toBe('not-attached')
      })
    })
  },
)
