import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { findPowershell } from '@varve/test-kit/powershell'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cmdletTables, standInModule, withStandIns } from '../testing/stand-ins.ts'
import { PowerShellHost, type ScriptName } from './powershell-host.ts'
import { scriptProblem } from './script-problem.ts'

const pwsh = findPowershell()
const tables = cmdletTables()
const mib = 1024 ** 2
const image = String.raw`D:\Images\.it's [web].vhdx.0a1b-vhdx.part.vhdx`
const volumePath = String.raw`\\?\Volume{6f9619ff-8b86-d011-b42d-00cf4fc964ff}` + '\\'

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`
const disk = (more = '') =>
  `[pscustomobject]@{ Number = [uint32] 0; BusType = 'SAS'; Location = ${quoted(image)}; IsOffline = $true; OfflineReason = 'Policy' }
[pscustomobject]@{ Number = [uint32] 3; BusType = 15; Location = '\\\\?\\' + ${quoted(image.toUpperCase())}; IsOffline = $false; IsReadOnly = $false; OfflineReason = $null } ${more}`
const offline = (reason: string) =>
  `[pscustomobject]@{ Number = [uint32] 3; BusType = 'File Backed Virtual'; Location = ${quoted(image)}; IsOffline = $true; IsReadOnly = $true; OfflineReason = ${reason} }`
const partitions = `foreach ($number in 1, 2) { [pscustomobject]@{ DiskNumber = [uint32] 3; PartitionNumber = [uint32] $number; Offset = [uint64] ($number * 1MB); Size = [uint64] 1MB } }`
const volume = `[pscustomobject]@{ Path = ${quoted(volumePath)}; FileSystem = 'NTFS'; Size = [uint64] (1MB - 4096) }`
const there = { 'Get-Disk': disk(), 'Get-Partition': partitions, 'Get-Volume': volume }
const place = { image, start: 2 * mib, seconds: 0, isSized: false }

describe.skipIf(process.platform === 'win32' || pwsh === null || tables === null)(
  'the scripts that give disks and partitions another size',
  () => {
    let files: TempPlace
    let host: PowerShellHost

    beforeAll(async () => {
      files = await tempPlace()
      await mkdir(files.file('root'))
      await writeFile(files.file('with-stand-ins.ps1'), withStandIns)
      host = new PowerShellHost({ path: pwsh ?? '', folder: files.path })
    }, 60_000)

    afterAll(async () => {
      await host[Symbol.asyncDispose]()
      await files[Symbol.asyncDispose]()
    })

    async function run(script: ScriptName, answers: Readonly<Record<string, string>>, parameters: object) {
      const module = files.file(`stand-ins-${Math.random()}.psm1`)
      await writeFile(module, standInModule(tables ?? new Map(), Object.keys(answers)))
      const text = join(resolve(import.meta.dirname, '../scripts'), `${script}.ps1`)
      const asked = { root: files.file('root'), module, answers, script: text, parameters }
      const { result, calls } = (await host.call('with-stand-ins' as ScriptName, asked)) as {
        result: unknown
        calls: { name: string; set: string; given: Record<string, string> }[]
      }
      const changes = calls.filter(({ name }) => !name.startsWith('Get-'))
      return { result, calls, changes }
    }

    const findingOf = async (run: Promise<unknown>) => {
      const error: unknown = await run.then(
        () => null,
        (failure: unknown) => scriptProblem(failure, { file: 'web.vhdx', waitedSeconds: 0 }),
      )
      if (!(error instanceof DiskError)) throw error
      const { finding } = error.details as { readonly finding?: string }
      return finding ?? error.code
    }

    test('a partition is found by the place of its disk and its own, with the sizes where they are asked for', async () => {
      const answers = {
        ...there,
        'Get-PartitionSupportedSize': '[pscustomobject]@{ SizeMin = [uint64] 1MB; SizeMax = [uint64] 8PB }',
      }
      const sized = await run('get-volume', answers, { ...place, isSized: true })
      expect(sized.result).toEqual({
        disk: 3,
        partition: 2,
        size: mib,
        supported: { min: mib, max: 8 * 1024 ** 5 },
        volume: { path: volumePath, filesystem: 'NTFS', size: mib - 4096 },
      })
      expect(sized.calls.at(-2)).toMatchObject({
        set: 'ByNumber',
        given: { DiskNumber: '3', PartitionNumber: '2' },
      })
      const plain = await run('get-volume', there, { ...place, isSized: false })
      expect(plain.result).toMatchObject({ supported: null })
    })

    test('without a volume there is none; without the disk or the partition it is an error', async () => {
      const none = `Write-Error -Message 'Nichts.' -ErrorId 'CmdletizationQuery_NotFound' -Category ObjectNotFound`
      for (const text of ['', none]) {
        const { result } = await run('get-volume', { ...there, 'Get-Volume': text }, place)
        expect(result).toMatchObject({ volume: null })
      }
      const denied = `Write-Error -Message 'Nein.' -ErrorId 'x' -Category PermissionDenied`
      expect(await findingOf(run('get-volume', { ...there, 'Get-Volume': denied }, place))).toBe(
        'not-elevated',
      )
      expect(await findingOf(run('get-volume', { ...there, 'Get-Disk': '' }, place))).toBe('disk-gone')
      expect(await findingOf(run('get-volume', there, { ...place, start: 7 }))).toBe('partition-not-seen')
    })

    test('a disk that is online is left alone; one that a policy keeps offline is brought online, and made writable', async () => {
      expect(await run('online-disk', there, place)).toMatchObject({
        result: { wasOffline: false },
        changes: [],
      })
      for (const reason of ["'Policy'", '1']) {
        const answers = { ...there, 'Get-Disk': offline(reason), 'Set-Disk': '' }
        const { result, changes } = await run('online-disk', answers, place)
        expect(result).toEqual({ wasOffline: true })
        expect(changes.map(({ name, given }) => [name, given])).toEqual([
          ['Set-Disk', { Number: '3', IsOffline: 'False' }],
          ['Set-Disk', { Number: '3', IsReadOnly: 'False' }],
        ])
      }
    })

    test.each(["'Collision'", '4', '$null'])(
      'one that is offline for another reason (%s) stays so: Windows would give it another identity',
      async (reason) => {
        const answers = { ...there, 'Get-Disk': offline(reason), 'Set-Disk': `throw 'changed'` }
        expect(await findingOf(run('online-disk', answers, place))).toBe('disk-offline')
      },
    )

    test('a volume that does not come is not waited for without end', async () => {
      expect(await findingOf(run('online-disk', { ...there, 'Get-Volume': '' }, place))).toBe('no-progress')
    })

    test('a volume is scanned by its own name, and what that tells is given by name', async () => {
      const { result, changes } = await run(
        'scan-volume',
        { ...there, 'Repair-Volume': `'NoErrorsFound'` },
        place,
      )
      expect(result).toEqual({ result: 'NoErrorsFound' })
      expect(changes).toEqual([
        { name: 'Repair-Volume', set: 'ByPaths', given: { Path: volumePath, Scan: 'True' } },
      ])
      expect(
        await findingOf(run('scan-volume', { ...there, 'Get-Volume': '', 'Repair-Volume': '' }, place)),
      ).toBe('partition-not-seen')
    })

    test('a partition gets its size by its numbers, without a question; one that has it is left alone', async () => {
      const answers = { ...there, 'Resize-Partition': '' }
      const { result, changes } = await run('resize-partition', answers, { ...place, size: 3 * mib })
      expect(result).toEqual({ wasThere: false })
      expect(changes).toEqual([
        {
          name: 'Resize-Partition',
          set: 'ByNumber',
          given: { DiskNumber: '3', PartitionNumber: '2', Size: String(3 * mib), Confirm: 'False' },
        },
      ])
      expect(await run('resize-partition', answers, { ...place, size: mib })).toMatchObject({
        result: { wasThere: true },
        changes: [],
      })
    })

    test('a VHDX gets its size once, and what it has then is told', async () => {
      const answers = { 'Get-VHD': '[pscustomobject]@{ Size = [uint64] 1MB }', 'Resize-VHD': '' }
      const { result, changes } = await run('resize-vhd', answers, { image, size: 2 * mib })
      // Not what was asked for.
      expect(result).toEqual({ size: mib })
      expect(changes).toEqual([
        {
          name: 'Resize-VHD',
          set: 'Size',
          given: { Path: image, SizeBytes: String(2 * mib), Confirm: 'False' },
        },
      ])
      expect((await run('resize-vhd', answers, { image, size: mib })).changes).toEqual([])
    })

    test('errors are known by their codes', async () => {
      const failing = (code: string) =>
        `$cause = New-Object -TypeName System.Runtime.InteropServices.COMException -ArgumentList 'Fehler', ${code}; Write-Error -Exception $cause -ErrorId 'OperationFailed'`
      const vhd = { 'Get-VHD': '[pscustomobject]@{ Size = [uint64] 1MB }' }
      const resize = async (code: string) =>
        findingOf(run('resize-vhd', { ...vhd, 'Resize-VHD': failing(code) }, { image, size: 2 * mib }))
      expect(await resize('0x80070070')).toBe('no-space')
      expect(await resize('0x80070020')).toBe('in-use')
      expect(await resize('0xC03A001A')).toBe('file-attributes')
      expect(await resize('0x80004005')).toBe('tool-failed')
    })
  },
)
