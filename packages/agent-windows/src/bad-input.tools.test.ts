import { copyFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { performAction, shownAction } from '@varve/agent/actions/perform'
import { listAttached } from '@varve/operations/actions/list-attached'
import { planScript } from '@varve/operations/plans/script'
import { outcomeOf } from '@varve/operations/runs/run-state'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { findPowershell } from '@varve/test-kit/powershell'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { windowsAdapters } from './actions/adapter-table.ts'
import { windowsOver } from './testing/windows-over.ts'
import { cmdletTables } from './testing/stand-ins.ts'
import { answers } from './testing/windows-answers.ts'
import { machineWith } from './testing/windows-stand-in.ts'
import { WindowsTestHost } from './testing/windows-test-host.ts'

const pwsh = findPowershell()
const tables = cmdletTables()
const waits = { diskSeconds: 1, lateMs: 15_000, standstillMs: 1000, releaseMs: 1000, everyMs: 100 }
const hang = 'Start-Sleep -Seconds 100'

const failing = (code: string, message: string, id = 'OperationFailed', category = 'NotSpecified') =>
  `Write-SystemError '${message}' ${code} '${id},Microsoft.Vhd.PowerShell.Cmdlets.MountVhd' '${category}'`

describe.skipIf(process.platform !== 'linux' || pwsh === null || tables === null)(
  'bad input of a Windows that attaches',
  () => {
    let host: WindowsTestHost
    let image = ''

    beforeAll(async () => {
      if (pwsh && tables) host = await WindowsTestHost.open({ pwsh, tables, waits })
      const disk = Buffer.alloc(8 * 1024 ** 2)
      disk.set(mbrSector(disk.length))
      const raw = host.place.file('disk.raw')
      await writeFile(raw, disk)
      image = host.place.file('web.vhdx')
      const source = { path: raw, format: null, reading: {} }
      await host.carryOut('convert', { sources: [source], target: image, format: 'vhdx' })
    }, 60_000)

    afterAll(async () => host[Symbol.asyncDispose]())
    beforeEach(async () => host.reset())

    const wish = (path = image, more: object = {}) => ({
      image: { path, format: null, reading: {} },
      inUse: 'refuse',
      ...more,
    })
    const attachedNow = async () => {
      const { state } = await host.carryOut('attached', {})
      const [step] = state.steps
      return step ? listAttached.outcome.parse(outcomeOf(step)).attached : []
    }
    const disks = async () => (await host.windows.state()).disks
    const attach = async (request: object = wish()) => {
      const plan = await host.plan('attach', request)
      return await host.start(plan, request)
    }
    const others = async (path = image) =>
      host.windows.set({ disks: [{ number: 4, path, isReadOnly: true, isOffline: false, folders: {} }] })

    test.each([
      ['0x80070020', 'Der Prozess kann nicht auf die Datei zugreifen.', 'in-use'],
      ['0x80070005', 'Acceso denegado.', 'refused'],
      ['0x80070522', 'Dem Client fehlt ein erforderliches Recht.', 'refused'],
      ['0x80070070', '磁盘空间不足。', 'no-space'],
      ['0xC03A001A', '가상 디스크를 압축하지 못했습니다.', 'refused'],
      ['0xC03A000E', '父虚拟磁盘的标识符不匹配。', 'refused'],
      ['0x80131500', 'Error desconocido (0x80070020)', 'tool-failed'],
    ])('%s is %s, and nothing is left of the attempt', async (code, message, is) => {
      host.windows.faults.set('Mount-VHD', failing(code, message))
      const { phase, error, undoFailures } = await attach()
      expect([phase, error?.code, error?.file, undoFailures]).toEqual(['failed', is, image, []])
      expect(await attachedNow()).toEqual([])
    })

    test('who attaches it between plan and run keeps it, and it is never taken for Varve’s', async () => {
      const request = wish()
      const plan = await host.plan('attach', request)
      await others()
      const state = await host.start(plan, request)
      expect([state.phase, state.error?.code, state.undoFailures]).toEqual(['failed', 'in-use', []])
      expect(state.error?.message).not.toContain('mix two states')
      expect(await disks()).toHaveLength(1)
      expect(await attachedNow()).toEqual([])
    })

    test('what a machine makes a checkpoint of meanwhile is not attached for writing', async () => {
      const request = wish(image, { isWritten: true })
      const plan = await host.plan('attach', request)
      const drive = {
        path: image,
        controllerType: 'SCSI',
        controllerNumber: 0,
        controllerLocation: 0,
      } as const
      const id = '11111111-8b86-d011-b42d-00cf4fc964ff'
      const kept = {
        id,
        name: 'a',
        parentId: null,
        type: 'Standard',
        isAutomatic: true,
        drives: [drive],
      } as const
      await host.windows.set({ machines: [machineWith(`${image}x`, { state: 'Off', checkpoints: [kept] })] })
      const { phase, error } = await host.start(plan, request, ['image-is-written'])
      expect([phase, error?.code, await disks()]).toEqual(['failed', 'in-use', []])
    })

    test('who attaches it while Varve does keeps it, too', async () => {
      const taken = `if (-not (Find-Attached (Read-State) $Bound['Path'][0])) { Add-StandInDisk $Bound['Path'][0] $true 'x' }`
      host.windows.faults.set('Mount-VHD', `param($Bound) ${taken}; ${failing('0x80070020', 'x')}`)
      const { phase, error, undoFailures } = await attach()
      expect([phase, error?.code, undoFailures]).toEqual(['failed', 'in-use', []])
      expect(await disks()).toHaveLength(1)
      expect(await attachedNow()).toEqual([])
    })

    test('a cmdlet that ends well and does nothing is told after a while', async () => {
      host.windows.faults.set('Mount-VHD', '')
      // Its disk is waited for once more before it is forgotten.
      await using quick = await WindowsTestHost.open({
        pwsh: pwsh ?? '',
        tables: tables ?? new Map(),
        waits: { ...waits, lateMs: 300 },
      })
      await copyFile(image, quick.place.file('a.vhdx'))
      quick.windows.faults.set('Mount-VHD', '')
      const request = wish(quick.place.file('a.vhdx'))
      const { phase, error } = await quick.start(await quick.plan('attach', request), request)
      expect([phase, error?.code, error?.layer]).toEqual(['failed', 'no-progress', 'L3'])
    })

    test('one that hangs after its disk came: it is found, told and taken away', async () => {
      host.windows.faults.set('Mount-VHD', `${answers['Mount-VHD']}; ${hang}`)
      host.windows.silenceMs.set('mount-image', 3000)
      const { phase, error, undoFailures } = await attach()
      expect([phase, error?.code, undoFailures]).toEqual(['failed', 'no-progress', []])
      expect(await disks()).toEqual([])
      expect(await attachedNow()).toEqual([])
    })

    test('one that hangs, and whose disk comes after PowerShell was ended: it is not left behind', async () => {
      host.windows.faults.set('Mount-VHD', hang)
      host.windows.silenceMs.set('mount-image', 2000)
      const attaching = attach()
      await sleep(5000)
      await others()
      const { phase, undoFailures } = await attaching
      expect([phase, undoFailures]).toEqual(['failed', []])
      expect(await disks()).toEqual([])
      expect(await attachedNow()).toEqual([])
    })

    test('canceled in the midst of it, nothing is left', async () => {
      host.windows.faults.set('Mount-VHD', `${answers['Mount-VHD']}; ${hang}`)
      const attaching = attach()
      await expect.poll(async () => (await disks()).length, { timeout: 15_000 }).toBe(1)
      const [run] = await host.host.runs.list()
      await host.host.runs.cancel(run?.state.id ?? '', { stop: new AbortController().signal })
      expect((await attaching).phase).toBe('canceled')
      expect(await disks()).toEqual([])
      expect(await attachedNow()).toEqual([])
    })

    test('a list of disks that fails for a moment is asked again', async () => {
      const once = `if (@((Read-State).disks).Count -gt 0 -and -not [IO.File]::Exists("$stateFile.once")) {
        [IO.File]::WriteAllText("$stateFile.once", ''); ${failing('0x80041010', 'Ungültige Klasse')} }`
      host.windows.faults.set('Get-Disk', `${once}\n${answers['Get-Disk']}`)
      expect((await attach()).phase).toBe('succeeded')
      await host.carryOut('detach', { target: image })
    })

    test('two that attach it at once: one has it, and nobody’s note is lost', async () => {
      const request = wish()
      const plan = await host.plan('attach', request)
      const states = await Promise.all([host.start(plan, request), host.start(plan, request)])
      expect(states.map(({ phase }) => phase).toSorted()).toEqual(['failed', 'succeeded'])
      const { error } = states.find(({ phase }) => phase === 'failed') ?? {}
      expect(error?.code).toBe('in-use')
      expect(await attachedNow()).toMatchObject([{ image, state: 'live' }])
      // What is in the way of a later one stays, too.
      const late = await host.start(plan, request)
      expect([late.phase, late.error?.code, late.undoFailures]).toEqual(['failed', 'in-use', []])
      expect(await attachedNow()).toMatchObject([{ image, state: 'live' }])
    })

    test('a list of disks that fails for good leaves a note, by which a later detach finds it', async () => {
      const broken = `if (@((Read-State).disks).Count -gt 0) { ${failing('0x80041010', 'Ungültige Klasse')} }`
      host.windows.faults.set('Get-Disk', `${broken}\n${answers['Get-Disk']}`)
      const { phase, undoFailures } = await attach()
      expect([phase, undoFailures.length]).toEqual(['failed', 1])
      host.windows.faults.clear()
      expect(await attachedNow()).toMatchObject([{ image, state: 'live' }])
      await host.carryOut('detach', { target: image })
      expect(await attachedNow()).toEqual([])
      expect(await disks()).toEqual([])
    })

    test('a detach that hangs or does nothing loses nothing: what is attached is told, and a later one does it', async () => {
      await host.carryOut('attach', wish())
      for (const fault of ['', hang]) {
        host.windows.faults.set('Dismount-VHD', fault)
        host.windows.silenceMs.set('dismount-image', 4000)
        const plan = await host.plan('detach', { target: image })
        const { phase, error } = await host.start(plan, { target: image })
        expect([phase, error?.code]).toEqual(['failed', 'no-progress'])
        expect(await attachedNow()).toMatchObject([{ image, state: 'live' }])
      }
      host.windows.faults.clear()
      await host.carryOut('detach', { target: image.toUpperCase() })
      expect(await disks()).toEqual([])
    })

    test('a device is meant in any case', async () => {
      await host.carryOut('attach', wish())
      await host.carryOut('detach', { target: String.raw`\\.\physicaldrive1` })
      expect(await disks()).toEqual([])
    })

    test.each([
      ['D:\\vm\\a.vhdx', String.raw`\\?\d:\VM\A.vhdx`, true],
      [String.raw`\\nas\vm\a.vhdx`, String.raw`\\?\UNC\NAS\vm\a.vhdx`, true],
      ['D:\\vm\\ab.vhdx', 'D:\\vm\\a\u200Fb.vhdx', false],
      ['D:\\vm\\ss.vhdx', 'D:\\vm\\ß.vhdx', false],
    ])('the scripts take the disk of %j for that of %j: %s', async (own, location, isSame) => {
      host.windows.faults.set(
        'Get-Disk',
        `[pscustomobject]@{ Number = [uint32] 7; BusType = [uint16] 15; Location = '${location}' }`,
      )
      host.windows.faults.set('Dismount-VHD', '')
      const asked = { image: own, by: 'hyper-v', seconds: 0 }
      const dismounted = host.windows.call('dismount-image', asked)
      if (isSame) await expect(dismounted).rejects.toMatchObject({ failure: { id: 'VarveDiskStays' } })
      else expect(await dismounted).toEqual({ wasAttached: false })
    })

    test.each([
      `a;b' "c" $(Get-Date) \`n [1]*?.vhdx`,
      'leerzeichen .vhdx ',
      '-Path.vhdx',
      'x\u202Exdhv.vhdx',
      'neue\nzeile.vhdx',
      `${'ü'.repeat(120)}.vhdx`,
    ])('an image called %j is attached by that very name', async (name) => {
      const path = host.place.file(name)
      await copyFile(image, path)
      host.changes()
      const { plan } = await host.carryOut('attach', wish(path))
      expect((await disks()).map((disk) => disk.path)).toEqual([path])
      expect(await attachedNow()).toMatchObject([{ image: path }])
      const { Path } = host.windows.calls.find((call) => call.name === 'Mount-VHD')?.given ?? {}
      expect(Path).toBe(path)
      const [step] = plan.steps
      if (!step) throw new Error('the plan has no step')
      const windows = windowsOver(host.windows)
      const adapters = windowsAdapters({ scripts: host.windows, windows, waits })
      const shown = await shownAction(adapters, step)
      expect(JSON.parse(shown.argv[3] ?? '')).toEqual(step.input)
      const script = planScript(plan, [{ step, shown }], 'powershell')
      expect(script.split('\n').filter((line) => line.startsWith('varve do'))).toHaveLength(1)
      expect(script).not.toMatch(/\u202E/u)
      await host.carryOut('detach', { target: path })
      expect(await disks()).toEqual([])
    })

    test.each([
      ['no object', 'attach-vhd', []],
      ['no image', 'attach-vhd', { attachment: 'a', by: 'hyper-v', isReadOnly: true }],
      ['another way', 'attach-vhd', { attachment: 'a', image: '/a.vhdx', by: 'virtdisk', isReadOnly: true }],
      [
        'a word for a switch',
        'attach-vhd',
        { attachment: 'a', image: '/a.vhdx', by: 'storage', isReadOnly: 'no' },
      ],
      [
        'a name that is not absolute',
        'attach-vhd',
        { attachment: 'a', image: 'a.vhdx', by: 'storage', isReadOnly: true },
      ],
      ['a name with an end in it', 'detach-vhd', { image: '/a\0.vhdx', by: 'storage' }],
      ['another attachment', 'detach-vhd', { attachment: '../a', image: '/a.vhdx', by: 'storage' }],
      [
        'a folder that is not absolute',
        'mount-partition',
        { attachment: 'a', image: '/a.vhdx', start: 0, folder: 'mnt', isNew: true },
      ],
      [
        'a folder with an end in it',
        'mount-partition',
        { attachment: 'a', image: '/a.vhdx', start: 0, folder: '/a\0', isNew: true },
      ],
      [
        'a place before the disk',
        'unmount-partition',
        { attachment: 'a', image: '/a.vhdx', start: -512, folder: '/a', isNew: true },
      ],
      ['no machine', 'create-checkpoint', { attempt: 'a', machine: '*', called: 'x', name: 'x' }],
      [
        'an empty name',
        'create-checkpoint',
        { attempt: 'a', machine: crypto.randomUUID(), called: 'x', name: '' },
      ],
    ])('varve do with %s is a coded error, and no cmdlet is called', async (_, action, input) => {
      const windows = windowsOver(host.windows)
      const adapters = windowsAdapters({ scripts: host.windows, windows, waits })
      const { ports } = host.host
      const context = { ports, signal: new AbortController().signal, isResumed: false, onProgress() {} }
      await expect(performAction(adapters, { action, input }, context)).rejects.toMatchObject({
        code: 'invalid-request',
      })
      expect(host.changes()).toEqual([])
    })
  },
)
