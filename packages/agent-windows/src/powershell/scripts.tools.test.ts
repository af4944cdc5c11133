import { readdirSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { findPowershell, newLanguage } from '@varve/test-kit/powershell'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hostParts } from './host-parts.ts'
import { windowsOver } from '../testing/windows-over.ts'
import { PowerShellHost, type ScriptName } from './powershell-host.ts'
import { cmdletTables, standInModule, withStandIns } from '../testing/stand-ins.ts'

const pwsh = findPowershell()
const tables = cmdletTables()
const folder = resolve(import.meta.dirname, '../scripts')
const scripts = readdirSync(folder)

/** Groups of `whoami /groups /fo csv /nh`; names are in the language of the host. */
const groups = {
  elevated:
    '"Verbindliche Beschriftung\\Hohe Verbindlichkeitsstufe","Bezeichnung","S-1-16-12288",""\n"VORDEFINIERT\\Administratoren","Alias","S-1-5-32-544",""',
  system:
    '"Mandatory Label\\System Mandatory Level","Label","S-1-16-16384",""\n"BUILTIN\\Administrators","Alias","S-1-5-32-544",""',
  service: '"Mandatory Label\\System Mandatory Level","Label","S-1-16-16384",""',
  ofHyperV: '"VORDEFINIERT\\Hyper-V-Administratoren","Alias","S-1-5-32-578","Verbindliche Gruppe"',
  plain:
    '"Mandatory Label\\Medium Mandatory Level","Label","S-1-16-8192",""\n"BUILTIN\\Administrators","Alias","S-1-5-32-544","Group used for deny only"',
} as const

/** What the host makes of what a script gives. */
const ofResult = (result: unknown) => windowsOver({ call: async () => result })

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
      parameters = {},
    }: {
      answers: Readonly<Record<string, string>>
      as?: keyof typeof groups
      registry?: string
      parameters?: object
    },
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
    const asked = {
      root,
      module,
      answers,
      script: join(folder, `${script}.ps1`),
      parameters,
    }
    return (await host.call('with-stand-ins' as ScriptName, asked)) as {
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

  describe('machines', () => {
    const machine = (name: string, state: string) =>
      `[pscustomobject]@{ Id = [guid] '6F9619FF-8B86-D011-B42D-00CF4FC964FF'; Name = '${name}'; State = '${state}'; Generation = 2; OperationalStatus = @('Ok', 'MergingDisks'); AutomaticCheckpointsEnabled = $true; CheckpointType = 'Production'; ParentSnapshotId = $null; HardDrives = @([pscustomobject]@{ Path = $null }, [pscustomobject]@{ Path = 'C:\\vm\\web_1.avhdx'; ControllerType = 'SCSI'; ControllerNumber = 0; ControllerLocation = 1 }) }`
    // Windows Server 2012 R2 has no such properties, and a single drive is no list.
    const older = `[pscustomobject]@{ Id = [guid]::Empty; Name = 'old'; State = 'Off'; Generation = 1; OperationalStatus = 'Ok'; HardDrives = [pscustomobject]@{ Path = 'D:\\s.vhd'; ControllerType = 'IDE'; ControllerNumber = 0; ControllerLocation = 0 } }`
    const checkpoint = `param($Bound) if ($Bound['VM'][0].Name -eq 'old') { return } [pscustomobject]@{ Id = [guid] '6F9619FF-8B86-D011-B42D-00CF4FC964F0'; Name = 'vor'; SnapshotType = 'Standard'; IsAutomaticCheckpoint = $true; ParentSnapshotId = [guid]::Empty; CreationTime = ([datetime] '2026-11-01T10:00:00Z'); HardDrives = @([pscustomobject]@{ Path = 'C:\\vm\\web.vhdx' }) }`
    const hyperV = { 'Get-VM': `@(${machine('web ü', 'Running')}, ${older})`, 'Get-VMSnapshot': checkpoint }
    const machinesOf = async (result: unknown) => ofResult(result).machines()

    test('with their disks and checkpoints, also those of an older module', async () => {
      const { result, calls } = await run('get-machines', { answers: hyperV })
      expect(await machinesOf(result)).toEqual({
        told: 'told',
        machines: [
          {
            id: '6f9619ff-8b86-d011-b42d-00cf4fc964ff',
            name: 'web ü',
            generation: 2,
            state: 'Running',
            drives: [{ path: 'C:\\vm\\web_1.avhdx', controller: 'SCSI', number: 0, location: 1 }],
            checkpoints: {
              kind: 'Production',
              isAutomatic: true,
              isMerging: true,
              current: null,
              all: [
                {
                  id: '6f9619ff-8b86-d011-b42d-00cf4fc964f0',
                  name: 'vor',
                  type: 'Standard',
                  isAutomatic: true,
                  parent: null,
                  madeAt: '2026-11-01T10:00:00Z',
                  files: ['C:\\vm\\web.vhdx'],
                },
              ],
            },
          },
          expect.objectContaining({
            name: 'old',
            drives: [{ path: 'D:\\s.vhd', controller: 'IDE', number: 0, location: 0 }],
            checkpoints: { kind: null, isAutomatic: false, isMerging: false, current: null, all: [] },
          }),
        ],
      })
      expect(calls.map(({ name, set }) => `${name} ${set}`)).toEqual([
        'Get-VM Name',
        'Get-VMSnapshot VMObject',
        'Get-VMSnapshot VMObject',
      ])
    })

    test.each(['system', 'ofHyperV'] as const)('seen as %s', async (as) => {
      const { result } = await run('get-machines', { answers: hyperV, as })
      expect(result).toMatchObject({ told: 'told', machines: { length: 2 } })
    })

    test('who may not see machines is not told that there are none; a host without Hyper-V has none', async () => {
      const hidden = await run('get-machines', { answers: hyperV, as: 'plain' })
      expect(await machinesOf(hidden.result)).toEqual({ told: 'no-rights', machines: [] })
      expect(hidden.calls).toEqual([])
      const service = await run('get-machines', { answers: hyperV, as: 'service' })
      expect(await machinesOf(service.result)).toEqual({ told: 'no-rights', machines: [] })
      const without = await run('get-machines', { answers: { 'Get-Disk': '' } })
      expect(await machinesOf(without.result)).toEqual({ told: 'no-module', machines: [] })
      const none = await run('get-machines', { answers: { ...hyperV, 'Get-VM': '' } })
      expect(await machinesOf(none.result)).toEqual({ told: 'told', machines: [] })
    })

    test('of a cluster: those that other nodes have, by the node', async () => {
      const group = (name: string, type: string, node: string) =>
        `[pscustomobject]@{ Name = '${name}'; GroupType = '${type}'; OwnerNode = ${node} }`
      const cluster = {
        ...hyperV,
        'Get-ClusterGroup': `@(${group('far', 'VirtualMachine', "'node-2'")}, ${group('here', 'VirtualMachine', '[Environment]::MachineName.ToLower()')}, ${group('disks', 'Cluster', "'node-2'")})`,
        'Get-Service': "[pscustomobject]@{ Name = 'ClusSvc'; Status = 'Running' }",
        'Get-VM': `param($Bound) if ($Bound.ContainsKey('ClusterObject')) { ${machine('far', 'Off')} } else { ${machine('web ü', 'Running')} }`,
      }
      const { result, calls } = await run('get-machines', { answers: cluster })
      const { machines } = await machinesOf(result)
      expect(machines.map(({ name, node }) => [name, node])).toEqual([
        ['web ü', undefined],
        ['far', 'node-2'],
      ])
      expect(calls.filter(({ name, given }) => name === 'Get-VM' && 'ClusterObject' in given)).toHaveLength(1)
      const stopped = {
        ...cluster,
        'Get-Service': "[pscustomobject]@{ Name = 'ClusSvc'; Status = 'Stopped' }",
      }
      expect(
        (await machinesOf((await run('get-machines', { answers: stopped })).result)).machines,
      ).toHaveLength(1)
    })

    test('a machine that is removed meanwhile is passed over; any other error is one', async () => {
      const failing = (category: string) => ({
        ...hyperV,
        'Get-VMSnapshot': `Write-Error -Message 'x' -ErrorId 'OperationFailed' -Category ${category}`,
      })
      const { result } = await run('get-machines', { answers: failing('ObjectNotFound') })
      expect(result).toEqual({ told: 'told', machines: [] })
      await expect(run('get-machines', { answers: failing('PermissionDenied') })).rejects.toMatchObject({
        failure: { id: expect.stringContaining('OperationFailed'), category: 'PermissionDenied' },
      })
    })
  })

  describe('drives', () => {
    const rootOf = async (answers: Readonly<Record<string, string>>) => {
      const { result } = await run('get-drives', { answers })
      const { drives } = result as { drives: { path: string }[] }
      return drives.find(({ path }) => path === '/')
    }
    const volume = (more: string) =>
      `[pscustomobject]@{ DriveLetter = [char] '/'; AllocationUnitSize = [uint32] 65536; ${more} }`
    const protectedBy =
      "[pscustomobject]@{ MountPoint = '/'; ProtectionStatus = 'On' }, [pscustomobject]@{ MountPoint = 'C:\\ClusterStorage\\Volume1'; ProtectionStatus = 'Off' }"

    test('with BitLocker, the size of clusters, and what is deduplicated', async () => {
      const told = await rootOf({
        'Get-BitLockerVolume': protectedBy,
        'Get-Volume': `@([pscustomobject]@{ DriveLetter = [char] 0 }, ${volume("DedupMode = 'HyperV'")})`,
      })
      const all = { path: '/', protection: 'On', clusterSize: 65_536, deduplication: 'HyperV' }
      expect(told).toEqual(all)
      const ofReFS = await rootOf({ 'Get-Volume': volume("DedupMode = 4; ReFSDedupMode = 'Dedup'") })
      expect(ofReFS).toEqual({ ...all, protection: null, deduplication: 'Dedup' })
    })

    test('an older module, one that fails, and none', async () => {
      const nothing = { path: '/', protection: null, clusterSize: null, deduplication: null }
      expect(await rootOf({ 'Get-Volume': "[pscustomobject]@{ DriveLetter = [char] '/' }" })).toEqual(nothing)
      expect(await rootOf({ 'Get-Volume': volume("DedupMode = 'NotAvailable'") })).toMatchObject({
        deduplication: null,
      })
      const failing = "Write-Error -Message 'x' -ErrorId 'x' -Category PermissionDenied"
      expect(await rootOf({ 'Get-Volume': failing, 'Get-BitLockerVolume': failing })).toEqual(nothing)
      expect(await rootOf({ 'Get-Disk': '' })).toEqual(nothing)
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
      const { result, calls } = await run('get-rights', { answers: both, registry })
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

  describe('virtual disks', () => {
    const failing = (code: string, id: string) =>
      `Write-Error -Exception (New-Object -TypeName System.Runtime.InteropServices.COMException -ArgumentList 'Die Datei ist beschädigt.', ${code}) -ErrorId '${id}' -Category NotSpecified`

    test('are converted: each parameter as it was asked for', async () => {
      const parameters = { source: "C:\\vm's [1].vhdx", target: 'D:\\b.vhd', kind: 'Fixed' }
      const { result, calls } = await run('convert-vhd', { answers: { 'Convert-VHD': '' }, parameters })
      expect(result).toEqual({})
      expect(calls).toEqual([
        {
          name: 'Convert-VHD',
          set: '__AllParameterSets',
          given: { Path: parameters.source, DestinationPath: 'D:\\b.vhd', VHDType: 'Fixed' },
        },
      ])
    })

    test('are given another parent, whose identity is never waved through', async () => {
      const parameters = { image: "C:\\vm's [1].vhdx", parent: 'D:\\base.vhdx' }
      const { result, calls } = await run('set-parent', { answers: { 'Set-VHD': '' }, parameters })
      expect(result).toEqual({})
      const given = { Path: parameters.image, ParentPath: parameters.parent }
      expect(calls).toEqual([{ name: 'Set-VHD', set: 'Parent', given }])
    })

    test.each([
      ['set-parent', 'Set-VHD', '0xC03A000E'],
      ['convert-vhd', 'Convert-VHD', '0xC03A001A'],
      ['test-vhd', 'Test-VHD', '0xC03A000D'],
    ] as const)('%s: a failure is told by its code', async (script, cmdlet, code) => {
      const answers = { [cmdlet]: failing(code, 'OperationFailed'), 'Get-VHD': '' }
      const parameters = {
        image: 'C:\\a.vhdx',
        parent: 'C:\\b.vhdx',
        source: 'C:\\a.vhdx',
        target: 'D:\\b.vhdx',
        kind: 'Dynamic',
      }
      await expect(run(script, { answers, parameters })).rejects.toMatchObject({
        failure: { codes: expect.arrayContaining([code]) },
      })
    })

    test('are tested, with the chain that Hyper-V finds; one that is not sound has none', async () => {
      const vhd = `param($Bound)
$path = $Bound['Path'][0]
$parent = ''
if ($path -eq 'C:\\over.vhdx') { $parent = 'C:\\base.vhdx' }
[pscustomobject]@{ Path = $path; Size = [uint64] 4MB; VhdType = 'Dynamic'; ParentPath = $parent }`
      const parameters = { image: 'C:\\over.vhdx' }
      const sound = await run('test-vhd', { answers: { 'Test-VHD': '$true', 'Get-VHD': vhd }, parameters })
      const link = (path: string) => ({ path, size: 4_194_304, kind: 'Dynamic' })
      expect(sound.result).toEqual({ isSound: true, links: [link('C:\\over.vhdx'), link('C:\\base.vhdx')] })
      expect(sound.calls.map(({ name, set }) => `${name} ${set}`)).toEqual([
        'Test-VHD ExistingVHD',
        'Get-VHD Path',
        'Get-VHD Path',
      ])
      const not = await run('test-vhd', { answers: { 'Test-VHD': '$false', 'Get-VHD': vhd }, parameters })
      expect(not.result).toEqual({ isSound: false, links: [] })
    })
  })

  describe('disks', () => {
    const disk = (of: string) =>
      `[pscustomobject]@{ Number = 1; Size = 8MB; IsReadOnly = $true; IsOffline = $false; ${of} }`
    const disks = `@(${disk("BusType = 'SAS'; Location = 'PCI Slot 1'")}, ${disk("BusType = 'File Backed Virtual'; Location = '\\\\?\\E:\\m.vhd'")}, ${disk("BusType = [uint16] 15; Location = 'E:\\n.vhdx'")})`
    const partitions = `[pscustomobject]@{ PartitionNumber = 1; Offset = 1MB; Size = 7MB; AccessPaths = @('F:\\', '\\\\?\\Volume{c310a8dc-799c-43d9-bdf5-dcd066eeaad4}\\', $null) }`
    const answers = { 'Get-Disk': disks, 'Get-Partition': partitions, 'Mount-VHD': '' }
    const disksOf = async (result: unknown) => ofResult(result).disks(null)

    test('those of files, by their bus and not by their name', async () => {
      const { result } = await run('get-disks', { answers })
      const found = await disksOf(result)
      expect(found).toMatchObject({ by: 'hyper-v', mayAttach: true, gone: [] })
      expect(found.disks.map(({ image, mounts }) => [image, ...mounts.map(({ folder }) => folder)])).toEqual([
        ['E:\\m.vhd', 'F:\\'],
        ['E:\\n.vhdx', 'F:\\'],
      ])
    })

    test('one without partitions, none at all, and a host without the modules', async () => {
      const empty = `Write-Error -Message 'x' -ErrorId 'CmdletizationQuery_NotFound' -Category ObjectNotFound`
      const bare = await run('get-disks', { answers: { ...answers, 'Get-Partition': empty } })
      expect(await disksOf(bare.result)).toMatchObject({ disks: [{ disk: { partitions: [] } }, {}] })
      const none = await run('get-disks', { answers: { 'Get-Disk': '', 'Get-Partition': '' }, as: 'plain' })
      expect(await disksOf(none.result)).toMatchObject({ by: 'storage', mayAttach: false, disks: [] })
      const without = await run('get-disks', { answers: { 'Mount-VHD': '' } })
      expect(await disksOf(without.result)).toMatchObject({ by: null, disks: [] })
      await mkdir(place.file('root-service/System32'), { recursive: true })
      await writeFile(place.file('root-service/System32/diskpart.exe'), '')
      const byScript = await run('get-disks', { answers: {}, as: 'service' })
      expect(await disksOf(byScript.result)).toMatchObject({ by: 'diskpart', mayAttach: false, disks: [] })
    })
  })

  describe('trimming', () => {
    const image = 'E:\\m [1].vhdx'
    const disks = (more = '') =>
      `@([pscustomobject]@{ Number = 0; BusType = 'SAS'; Location = '${image}'; IsOffline = $false }, [pscustomobject]@{ Number = 7; BusType = 'File Backed Virtual'; Location = '\\\\?\\e:\\M [1].VHDX'; IsOffline = $false; ${more} })`
    const partitions = (...numbers: number[]) =>
      `param($Bound) ${numbers.map((number) => `[pscustomobject]@{ PartitionNumber = ${number}; DiskNumber = $Bound['DiskNumber'][0] }`).join('; ')}`
    const volumes = `param($Bound) switch ($Bound['Partition'].PartitionNumber) {
      1 { [pscustomobject]@{ Path = '\\\\?\\Volume{1}\\'; FileSystem = 'NTFS'; HealthStatus = 'Healthy' } }
      2 { [pscustomobject]@{ Path = '\\\\?\\Volume{2}\\'; FileSystem = 'ReFS'; HealthStatus = [uint16] 0 } }
      3 { [pscustomobject]@{ Path = '\\\\?\\Volume{3}\\'; FileSystem = 'NTFS'; HealthStatus = 'Warning' } }
      4 { [pscustomobject]@{ Path = '\\\\?\\Volume{4}\\'; FileSystem = $null; HealthStatus = 'Healthy' } }
      5 { [pscustomobject]@{ Path = '\\\\?\\Volume{5}\\'; FileSystem = 'FAT32'; HealthStatus = 'Healthy' } }
      6 { Write-Error -Message 'x' -ErrorId 'CmdletizationQuery_NotFound' -Category ObjectNotFound } }`
    const answers = {
      'Get-Disk': disks(),
      'Get-Partition': partitions(1, 2, 3, 4, 5, 6),
      'Get-Volume': volumes,
      'Optimize-Volume': `param($Bound) if ($Bound['Path'][0] -like '*2*') { Write-Error -Message 'x' -ErrorId 'StorageWMI 1' -Category NotSpecified }`,
    }

    test('each volume by its path, those of the disk of that file alone', async () => {
      const { result, calls } = await run('retrim-disk', { answers, parameters: { image } })
      expect(result).toEqual({
        isOffline: false,
        volumes: [
          { partition: 1, filesystem: 'NTFS', state: 'retrimmed' },
          { partition: 2, filesystem: 'ReFS', state: 'not-supported' },
          { partition: 3, filesystem: 'NTFS', state: 'unhealthy' },
          { partition: 4, filesystem: null, state: 'not-readable' },
          { partition: 5, filesystem: 'FAT32', state: 'not-readable' },
        ],
      })
      expect(calls.filter(({ name }) => !name.startsWith('Get-Volume'))).toEqual([
        { name: 'Get-Disk', set: 'ByNumber', given: {} },
        { name: 'Get-Partition', set: 'ByNumber', given: { DiskNumber: '7' } },
        ...['1', '2'].map((one) => ({
          name: 'Optimize-Volume',
          set: 'ByPaths',
          given: { Path: `\\\\?\\Volume{${one}}\\`, ReTrim: 'True' },
        })),
      ])
    })

    test('an offline disk is left as it is, one without partitions has nothing, and one that is gone is an error', async () => {
      const offline = await run('retrim-disk', {
        answers: { 'Get-Disk': disks().replaceAll('$false', '$true') },
        parameters: { image },
      })
      expect(offline.result).toEqual({ isOffline: true, volumes: [] })
      const none = `Write-Error -Message 'x' -ErrorId 'CmdletizationQuery_NotFound' -Category ObjectNotFound`
      const bare = await run('retrim-disk', {
        answers: { ...answers, 'Get-Partition': none },
        parameters: { image },
      })
      expect(bare.result).toEqual({ isOffline: false, volumes: [] })
      await expect(
        run('retrim-disk', { answers: { 'Get-Disk': '' }, parameters: { image } }),
      ).rejects.toMatchObject({ failure: { id: 'VarveNotAttached', category: 'ObjectNotFound' } })
    })

    test('any other failure is one', async () => {
      const denied = `Write-Error -Message 'x' -ErrorId 'StorageWMI 40001' -Category PermissionDenied`
      await expect(
        run('retrim-disk', { answers: { ...answers, 'Optimize-Volume': denied }, parameters: { image } }),
      ).rejects.toMatchObject({ failure: { category: 'PermissionDenied' } })
    })
  })

  test.each(['Full', 'Prezeroed'])('compacting in the mode %s', async (mode) => {
    const image = place.file('a [1].vhdx')
    await writeFile(image, 'abc')
    const { result, calls } = await run('optimize-image', {
      answers: { 'Optimize-VHD': '' },
      parameters: { image, mode },
    })
    expect(result).toEqual({ size: 3 })
    expect(calls).toEqual([
      { name: 'Optimize-VHD', set: '__AllParameterSets', given: { Path: image, Mode: mode } },
    ])
    const used = `Write-Error -Message 'x' -ErrorId 'ObjectInUse' -Category ResourceBusy`
    await expect(
      run('optimize-image', { answers: { 'Optimize-VHD': used }, parameters: { image, mode } }),
    ).rejects.toMatchObject({ failure: { id: 'ObjectInUse' } })
  })
})
