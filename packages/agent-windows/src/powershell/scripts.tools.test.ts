import { readdirSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { findPowershell, newLanguage } from '@varve/test-kit/powershell'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listAttached } from './attached-disks.ts'
import { hostParts } from './host-parts.ts'
import { PowerShellHost, type ScriptName } from './powershell-host.ts'
import { cmdletTables, standInModule, withStandIns } from '../testing/stand-ins.ts'

const pwsh = findPowershell()
const tables = cmdletTables()
const folder = resolve(import.meta.dirname, '../scripts')
const scripts = readdirSync(folder)

/** Groups of `whoami /groups /fo csv /nh`; names are in the language of the host. */
const groups = {
  elevated: '"Verbindliche Beschriftung\\Hohe Verbindlichkeitsstufe","Bezeichnung","S-1-16-12288",""',
  system:
    '"Mandatory Label\\System Mandatory Level","Label","S-1-16-16384",""\n"BUILTIN\\Administrators","Alias","S-1-5-32-544",""',
  service: '"Mandatory Label\\System Mandatory Level","Label","S-1-16-16384",""',
  administrator:
    '"Mandatory Label\\High Mandatory Level","Label","S-1-16-12288",""\n"BUILTIN\\Administrators","Alias","S-1-5-32-544",""',
  ofHyperV: '"VORDEFINIERT\\Hyper-V-Administratoren","Alias","S-1-5-32-578","Verbindliche Gruppe"',
  plain:
    '"Mandatory Label\\Medium Mandatory Level","Label","S-1-16-8192",""\n"BUILTIN\\Administrators","Alias","S-1-5-32-544","Group used for deny only"',
} as const

describe.skipIf(process.platform === 'win32' || pwsh === null || tables === null)('the scripts', () => {
  let place: TempPlace
  let host: PowerShellHost

  beforeAll(async () => {
    place = await tempPlace()
    await writeFile(place.file('with-stand-ins.ps1'), withStandIns)
    await writeFile(place.file('new-language.ps1'), newLanguage)
    host = new PowerShellHost({ path: pwsh ?? '', folder: place.path })
  }, 60_000)

  afterAll(async () => {
    await host[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  async function run(
    script: ScriptName,
    {
      answers,
      as = 'elevated',
      registry = '',
    }: { answers: Readonly<Record<string, string>>; as?: keyof typeof groups; registry?: string },
  ) {
    const root = place.file(`root-${as}`)
    const whoami = join(root, 'System32/whoami.exe')
    await mkdir(join(root, 'System32'), { recursive: true })
    await writeFile(
      whoami,
      `#!/bin/sh\n[ "$*" = '/groups /fo csv /nh' ] && cat <<'END'\n${groups[as]}\nEND\n`,
    )
    await chmod(whoami, 0o755)
    const reg = join(root, 'System32/reg.exe')
    await writeFile(reg, `#!/bin/sh\ncase "$2 $4" in\n${registry}\n*) exit 1 ;;\nesac\n`)
    await chmod(reg, 0o755)
    const module = place.file('stand-ins.psm1')
    await writeFile(module, standInModule(tables ?? new Map(), Object.keys(answers)))
    const parameters = {
      root,
      module,
      answers,
      script: join(folder, `${script}.ps1`),
      parameters: {},
    }
    return (await host.call('with-stand-ins' as ScriptName, parameters)) as {
      result: unknown
      calls: { name: string; set: string; given: Record<string, string> }[]
    }
  }

  test.each(scripts)('%s is of the language of Windows PowerShell 5.1', async (name) => {
    const script = join(folder, name)
    expect(await host.call('new-language' as ScriptName, { script })).toEqual({ errors: [], new: [] })
  })

  test('the check of the language finds what is new', async () => {
    const script = place.file('new.ps1')
    await writeFile(
      script,
      '$a = $b ?? 1\n$a ??= 2\n$x = $a ? 1 : 2\nGet-Item x && Get-Item y\nConvertTo-Json 1 -AsArray\n${a}?.b\n${a}?[0]',
    )
    const found = await host.call('new-language' as ScriptName, { script })
    expect(found).toMatchObject({ errors: [], new: { length: 7 } })
  })

  describe('what is attached', () => {
    const machine = (name: string, state: string) =>
      `[pscustomobject]@{ Name = '${name}'; State = '${state}' }`
    const machines = `@(${[machine('web ü', 'Running'), machine('old', 'Off'), machine('web ü', 'Saved')].join(', ')})`
    // A single drive is no list; an empty slot has no path.
    const drives = `param($Bound) if ($Bound['VM'].State -eq 'Running') { [pscustomobject]@{ Path = 'C:\\vm\\web_1.avhdx' } } else { @([pscustomobject]@{ Path = $null }, [pscustomobject]@{ Path = 'D:\\s.vhdx' }) }`
    const disks = `@([pscustomobject]@{ BusType = 'SAS'; Location = 'PCI Slot 1' }, [pscustomobject]@{ BusType = 'File Backed Virtual'; Location = 'E:\\m.vhd' }, [pscustomobject]@{ BusType = [uint16] 15; Location = 'E:\\n.vhdx' })`
    const hyperV = { 'Get-VM': machines, 'Get-VMHardDiskDrive': drives }

    test('disks of machines that are not off, and those that Windows has mounted', async () => {
      const { result, calls } = await run('get-attached', { answers: { ...hyperV, 'Get-Disk': disks } })
      expect(await listAttached({ call: async () => result })).toEqual({
        disks: [
          { path: 'C:\\vm\\web_1.avhdx', machine: 'web ü' },
          { path: 'D:\\s.vhdx', machine: 'web ü' },
          { path: 'E:\\m.vhd', machine: null },
          { path: 'E:\\n.vhdx', machine: null },
        ],
        machines: 'told',
        mounted: 'told',
      })
      expect(calls.map(({ name, set }) => `${name} ${set}`)).toEqual([
        'Get-VM Name',
        'Get-VMHardDiskDrive VMObject',
        'Get-VMHardDiskDrive VMObject',
        'Get-Disk ByNumber',
      ])
    })

    test('no machine and no disk are lists too', async () => {
      const { result } = await run('get-attached', {
        answers: { 'Get-VM': '', 'Get-VMHardDiskDrive': '', 'Get-Disk': '' },
      })
      expect(result).toEqual({ disks: [], machines: 'told', mounted: 'told' })
    })

    test.each(['system', 'ofHyperV'] as const)('seen as %s', async (as) => {
      const { result } = await run('get-attached', { answers: { ...hyperV, 'Get-Disk': '' }, as })
      expect(result).toMatchObject({ machines: 'told', disks: { length: 2 } })
    })

    test('who may not see machines is not told that there are none', async () => {
      const answers = { 'Get-VM': '', 'Get-VMHardDiskDrive': '', 'Get-Disk': disks }
      const { result, calls } = await run('get-attached', { answers, as: 'plain' })
      expect(result).toMatchObject({ machines: 'no-rights', disks: { length: 2 } })
      expect(calls.map(({ name }) => name)).toEqual(['Get-Disk'])
    })

    test('a host without Hyper-V, and one without the Storage module', async () => {
      expect((await run('get-attached', { answers: { 'Get-Disk': disks } })).result).toMatchObject({
        machines: 'no-module',
        mounted: 'told',
        disks: { length: 2 },
      })
      expect((await run('get-attached', { answers: hyperV })).result).toMatchObject({
        machines: 'told',
        mounted: 'no-module',
      })
    })

    test('a machine that is removed meanwhile is passed over; any other error is one', async () => {
      const failing = (category: string) => ({
        ...hyperV,
        'Get-VMHardDiskDrive': `Write-Error -Message 'x' -ErrorId 'OperationFailed' -Category ${category}`,
        'Get-Disk': '',
      })
      const { result } = await run('get-attached', { answers: failing('ObjectNotFound') })
      expect(result).toMatchObject({ disks: [], machines: 'told' })
      await expect(run('get-attached', { answers: failing('PermissionDenied') })).rejects.toMatchObject({
        failure: { id: expect.stringContaining('OperationFailed'), category: 'PermissionDenied' },
      })
    })
  })

  describe('rights and parts', () => {
    const value = (key: string, text: string) =>
      `'${key}') printf '\\r\\nHKEY_LOCAL_MACHINE\\%s\\r\\n    %s    REG_SZ    ${text}\\r\\n\\r\\n' KEY NAME ;;`
    const services = String.raw`HKLM\SYSTEM\CurrentControlSet\Services`
    const edition = String.raw`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion EditionID`
    const registry = [
      value(edition, 'Professional'),
      value(String.raw`${services}\vmms ImagePath`, '%%systemroot%%/vmms.exe'),
      value(String.raw`${services}\LxssManager ImagePath`, 'lxss'),
    ].join('\n')
    const both = { 'Get-VM': '', 'Get-Disk': '' }

    test('an administrator of a host that has all', async () => {
      const { result, calls } = await run('get-rights', { answers: both, as: 'administrator', registry })
      expect(result).toMatchObject({
        isAdministrator: true,
        maySeeMachines: true,
        edition: 'Professional',
        hyperV: true,
        hyperVModule: place.path,
        storageModule: place.path,
        wsl: true,
      })
      expect(calls).toEqual([])
      const parts = await hostParts({ call: async () => result })()
      expect(parts.map(({ name, path }) => [name, path])).toEqual([
        ['Hyper-V', place.path],
        ['Storage module', place.path],
      ])
    })

    test.each([
      ['ofHyperV', false, true],
      ['plain', false, false],
      ['service', false, false],
      ['system', true, true],
    ] as const)('as %s', async (as, isAdministrator, maySeeMachines) => {
      const { result } = await run('get-rights', { answers: both, as, registry })
      expect(result).toMatchObject({ isAdministrator, maySeeMachines })
    })

    test('a host without Hyper-V, Storage and WSL', async () => {
      const { result } = await run('get-rights', { answers: {}, registry: value(edition, 'Core') })
      expect(result).toMatchObject({
        edition: 'Core',
        hyperV: false,
        hyperVModule: null,
        storageModule: null,
        wsl: false,
      })
    })
  })
})
