import { readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { compactVhd } from '@varve/operations/actions/compact-vhd'
import { retrimDisk } from '@varve/operations/actions/retrim-disk'
import { outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import { findPowershell } from '@varve/test-kit/powershell'
import { requires } from '@varve/test-kit/tools'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { writeCompactingDiskpart } from './testing/compacting-diskpart.ts'
import { cmdletTables } from './testing/stand-ins.ts'
import { writeFullNtfs } from './testing/full-ntfs.ts'
import { machineWith } from './testing/windows-stand-in.ts'
import { WindowsTestHost } from './testing/windows-test-host.ts'

const pwsh = findPowershell()
const tables = cmdletTables()
const mib = 1024 ** 2
const accepted = ['in-place']

describe.skipIf(process.platform !== 'linux' || pwsh === null || tables === null || !requires('mkfs.ntfs'))(
  'images that Windows compacts in place',
  () => {
    let host: WindowsTestHost
    let image = ''

    beforeAll(async () => {
      if (pwsh && tables) host = await WindowsTestHost.open({ pwsh, tables })
      // Each test has the diskpart that it wants.
      await rm(join(dirname(host.windows.wsl), 'diskpart'))
      await writeFullNtfs(host.place.file('disk.raw'), 96 * mib)
    }, 60_000)

    afterAll(async () => host[Symbol.asyncDispose]())

    beforeEach(async () => {
      await host.reset()
      image = host.place.file(`it's [web] ${crypto.randomUUID()}.vhdx`)
      const raw = { path: host.place.file('disk.raw'), format: null, reading: {} }
      await host.carryOut('convert', { sources: [raw], target: image, format: 'vhdx' })
    })

    const wish = (more: object = {}) => ({ image, inPlace: true, ...more })
    const outcomeIn = (state: RunState, id: string) => {
      const step = state.steps.find((one) => one.step.id === id)
      return step && outcomeOf(step)
    }

    test('trimmed, compacted, and proven to be the same disk; what is shown is what runs', async () => {
      const before = await stat(image, { bigint: true })
      const { plan, state } = await host.carryOut('reclaim', wish(), accepted)
      expect(plan.warnings.filter(({ asks }) => asks).map(({ id }) => id)).toEqual(accepted)
      expect(plan.steps.map(({ action }) => action)).toEqual([
        'attach-vhd',
        'retrim-disk',
        'detach-vhd',
        'digest-image',
        'attach-vhd',
        'compact-vhd',
        'detach-vhd',
        'prove-unchanged',
        'check-image',
      ])
      const shown = await host.shownOf(plan)
      const cmdlets = host.changes()
      expect(cmdlets.filter((words) => !words.includes('Optimize-Volume'))).toEqual(
        [0, 2, 4, 5, 6].map((at) => shown[at]),
      )
      expect(cmdlets[1]).toEqual(
        [
          'Optimize-Volume',
          String.raw`-Path '\\?\Volume{00000000-0000-0000-0000-000000000011}\'`,
          '-ReTrim',
        ].toSorted(),
      )
      expect(retrimDisk.outcome.parse(outcomeIn(state, 'retrim'))).toEqual({
        isOffline: false,
        volumes: [{ partition: 1, filesystem: 'NTFS', state: 'retrimmed' }],
      })
      const { ino, size } = await stat(image, { bigint: true })
      expect(ino).toBe(before.ino)
      expect(Number(size)).toBeLessThan(Number(before.size))
      const { layers, after } = compactVhd.outcome.parse(outcomeIn(state, 'compact'))
      expect(after.file).toBe(Number(size))
      expect(layers.find(({ kind }) => kind === 'container')).toMatchObject({
        layer: 'L2',
        // Which zeros there are only reading all tells.
        predicted: 0,
        actual: Number(before.size - size),
      })
      expect((await host.windows.state()).disks).toEqual([])
      expect(await host.refusal('reclaim', wish({ zerosOnly: true }))).toEqual(['no refusal'])
    })

    test('zeros only: nothing is attached, and every block that is not zero stays', async () => {
      const { plan } = await host.carryOut('reclaim', wish({ zerosOnly: true }), accepted)
      expect(plan.steps.map(({ action }) => action)).toEqual([
        'digest-image',
        'compact-vhd',
        'prove-unchanged',
        'check-image',
      ])
      expect(host.changes().map(([name]) => name)).toEqual([expect.stringContaining('-Mode Prezeroed')])
    })

    test('a volume that is not healthy, and one that Windows does not trim, are passed over and told', async () => {
      host.windows.faults.set(
        'Get-Volume',
        `[pscustomobject]@{ Path = 'x'; FileSystem = 'NTFS'; HealthStatus = 'Warning' }`,
      )
      const { state } = await host.carryOut('reclaim', wish(), accepted)
      expect(state.steps.find(({ step }) => step.id === 'retrim')?.told).toBe(
        '0 volumes trimmed; passed over: partition 1 (damaged)',
      )
    })

    test('on a host that keeps new disks offline nothing is trimmed, and that is said', async () => {
      await host.windows.set({ keepsOffline: true })
      const { state } = await host.carryOut('reclaim', wish(), accepted)
      expect(state.steps.find(({ step }) => step.id === 'retrim')?.told).toContain('offline')
    })

    test.each<[string, string, string, string]>([
      [
        'the retrim',
        'Optimize-Volume',
        `Write-SystemError 'Zugriff verweigert.' 0x80070005 'StorageWMI 40001,Optimize-Volume' 'PermissionDenied'`,
        'refused',
      ],
      [
        'the compaction',
        'Optimize-VHD',
        `Write-SystemError 'Es ist nicht genug Platz.' 0x80070070 'OperationFailed,Microsoft.Vhd.PowerShell.Cmdlets.OptimizeVhd' 'WriteError'`,
        'no-space',
      ],
      [
        'a disk that is another one afterwards',
        'Optimize-VHD',
        `param($Bound) $path = $Bound['Path'][0]; $bytes = [IO.File]::ReadAllBytes($path); for ($at = 1MB; $at -lt $bytes.Length; $at += 1MB) { if ($bytes[$at + 450] -eq 7 -and $bytes[$at + 510] -eq 0x55) { $bytes[$at] = 7 } }; [IO.File]::WriteAllBytes($path, $bytes)`,
        'digest-mismatch',
      ],
    ])('%s fails: nothing stays attached', async (_what, name, fault, code) => {
      host.windows.faults.set(name, fault)
      const plan = await host.plan('reclaim', wish())
      const state = await host.start(plan, wish(), accepted)
      expect([state.phase, state.error?.code]).toEqual(['failed', code])
      expect((await host.windows.state()).disks).toEqual([])
      expect(await readdir(host.place.file('state/attached')).catch(() => [])).toEqual([])
    })

    test('refused with the reason and the way out', async () => {
      const asked = { image: host.place.file('disk.raw'), inPlace: true }
      expect(await host.refusal('reclaim', asked)).toEqual(['not-compacted'])
      await host.windows.set({ machines: [machineWith(image)] })
      expect(await host.refusal('reclaim', wish())).toEqual(['in-use'])
      await host.windows.set({ machines: [] })
      host.windows.as = 'plain'
      expect(await host.refusal('reclaim', wish())).toEqual(['not-elevated'])
      host.windows.as = 'elevated'
      const others = { number: 4, path: image, isReadOnly: true, isOffline: false, folders: {} }
      await host.windows.set({ disks: [others] })
      expect(await host.refusal('reclaim', wish())).toContain('already-attached')
      await host.windows.set({ disks: [] })
      for (const name of ['Mount-VHD', 'Dismount-VHD', 'Optimize-VHD']) host.windows.missing.add(name)
      const refused = await host.host.plan('reclaim', wish())
      expect(refused).toMatchObject({
        problems: [{ id: 'no-way', remedy: expect.stringContaining('--in-place') }],
      })
    })

    describe('by diskpart, where there is no Hyper-V', () => {
      beforeEach(() => {
        for (const name of ['Mount-VHD', 'Dismount-VHD', 'Optimize-VHD']) host.windows.missing.add(name)
      })

      afterEach(async () => rm(join(dirname(host.windows.wsl), 'diskpart'), { force: true }))

      test('trimmed and attached by Storage, compacted by its script; the size is read from the file', async () => {
        await writeCompactingDiskpart(dirname(host.windows.wsl), 0)
        const before = await stat(image)
        const { plan, state } = await host.carryOut('reclaim', wish(), accepted)
        expect(host.changes().map((words) => words.find((word) => !word.startsWith('-')))).toEqual([
          'Mount-DiskImage',
          'Optimize-Volume',
          'Dismount-DiskImage',
          'Mount-DiskImage',
          'Dismount-DiskImage',
        ])
        const shown = await host.shownOf(plan)
        expect(shown[5]?.join(' ')).toContain(`select vdisk file="${image}"; compact vdisk`)
        const { after } = compactVhd.outcome.parse(outcomeIn(state, 'compact'))
        expect(after.file).toBe((await stat(image)).size)
        expect(after.file).toBeLessThan(before.size)
      })

      test('a failure is one where the file is as large as before; nothing stays attached', async () => {
        await writeCompactingDiskpart(dirname(host.windows.wsl), 5)
        const state = await host.start(await host.plan('reclaim', wish()), wish(), accepted)
        expect([state.phase, state.error?.code]).toEqual(['failed', 'tool-failed'])
        expect((await host.windows.state()).disks).toEqual([])
      })
    })
  },
)
