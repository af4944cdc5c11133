import { findPowershell } from '@varve/test-kit/powershell'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cmdletTables } from '../testing/stand-ins.ts'
import { WindowsStandIn } from '../testing/windows-stand-in.ts'

const pwsh = findPowershell()
const tables = cmdletTables()
const volume = String.raw`\\?\Volume{c310a8dc-799c-43d9-bdf5-dcd066eeaad4}` + '\\'

describe.skipIf(process.platform !== 'linux' || pwsh === null || tables === null)(
  'scripts of partitions',
  () => {
    let place: TempPlace
    let windows: WindowsStandIn
    let shown = 0

    beforeAll(async () => {
      if (!pwsh || !tables) return
      place = await tempPlace()
      windows = await WindowsStandIn.open(place.path, { pwsh, tables })
    }, 60_000)

    afterAll(async () => {
      await windows[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    })

    beforeEach(() => {
      windows.faults.clear()
      windows.calls.length = 0
    })

    /** Disk 7 of that file, alone as no list, whose third partition begins at 1 MiB. */
    function shows({ location = 'C:\\vm\\a.vhdx', isReadOnly = true, paths = [[volume]] }: Shown = {}) {
      shown += 1
      const lists = paths.map((list) => `, @('${list.join("', '")}', $null)`)
      windows.faults.set(
        'Get-Disk',
        `[pscustomobject]@{ Number = [uint32] 7; BusType = [uint16] 15; Location = '${location}'; IsReadOnly = $${isReadOnly}; IsOffline = $false }`,
      )
      // The last answer stays.
      windows.faults.set(
        'Get-Partition',
        `if (-not (Test-Path -Path Variable:global:looks${shown})) { $global:looks${shown} = 0 }
$lists = @(${lists
          .map((list) => list.slice(1))
          .map((list) => `, ${list}`)
          .join(' + ')})
$now = $lists[[Math]::Min($global:looks${shown}, $lists.Count - 1)]
$global:looks${shown} += 1
[pscustomobject]@{ PartitionNumber = [uint32] 1; Offset = [uint64] 17408; AccessPaths = @($null) }
[pscustomobject]@{ PartitionNumber = [uint32] 3; Offset = [uint64] 1MB; AccessPaths = $now }`,
      )
      windows.faults.set('Get-Volume', "[pscustomobject]@{ FileSystem = 'NTFS' }")
      for (const name of ['Add-PartitionAccessPath', 'Remove-PartitionAccessPath', 'Write-VolumeCache'])
        windows.faults.set(name, '')
    }

    interface Shown {
      readonly location?: string
      readonly isReadOnly?: boolean
      /** What the partition has, look by look. */
      readonly paths?: readonly (readonly string[])[]
    }

    const asked = { image: 'C:\\vm\\a.vhdx', start: 2 ** 20, folder: 'C:\\mnt\\web', seconds: 0.5 }
    const call = async (script: 'mount-partition' | 'unmount-partition', more: object = {}) => {
      windows.calls.length = 0
      return await windows.call(script, { ...asked, ...more })
    }
    const changes = () => windows.calls.filter(({ name }) => !name.startsWith('Get-'))

    test('a partition is known by where it begins, and gets the folder by the numbers of Windows', async () => {
      shows({
        location: '\\\\?\\c:\\VM\\A.VHDX',
        paths: [[volume], ['C:\\MNT\\Web\\', volume]],
      })
      expect(await call('mount-partition')).toEqual({ number: 7, partition: 3 })
      expect(changes()).toMatchObject([
        {
          name: 'Add-PartitionAccessPath',
          given: { DiskNumber: '7', PartitionNumber: '3', AccessPath: 'C:\\mnt\\web' },
        },
      ])
    })

    test('done already, nothing is called', async () => {
      shows({ paths: [['C:\\mnt\\web\\', volume]] })
      expect(await call('mount-partition')).toEqual({ number: 7, partition: 3 })
      expect(changes()).toEqual([])
    })

    test.each<[string, Shown, object, string]>([
      ['another image, but for a mark', { location: 'C:\\vm\\a\u200D.vhdx' }, {}, 'VarveNotAttached'],
      ['no partition there', {}, { start: 512 }, 'VarveNoPartition'],
      ['a volume that has not come', {}, { start: 17_408 }, 'VarveNoPartition'],
      ['a folder that does not come', {}, {}, 'VarveNoMount'],
    ])('%s', async (_what, change, more, id) => {
      shows(change)
      await expect(call('mount-partition', more)).rejects.toMatchObject({ failure: { id } })
    })

    test('what the cmdlet says is told by its id; without a filesystem it is not called', async () => {
      shows()
      windows.faults.set('Get-Volume', "[pscustomobject]@{ FileSystem = '' }")
      windows.faults.set('Add-PartitionAccessPath', "Write-Error -Message x -ErrorId 'WasCalled'")
      await expect(call('mount-partition')).rejects.toMatchObject({ failure: { id: 'VarveNoFilesystem' } })
      shows()
      const id = 'StorageWMI 42007,Add-PartitionAccessPath'
      windows.faults.set(
        'Add-PartitionAccessPath',
        `Write-Error -Message 'Der Zugriffspfad ist ungültig.' -ErrorId '${id}' -Category InvalidArgument`,
      )
      await expect(call('mount-partition')).rejects.toMatchObject({
        failure: { id: expect.stringContaining('StorageWMI 42007') },
      })
    })

    test('unmounted: written out before where it was written to, never where it is not', async () => {
      const mounted = ['C:\\mnt\\web\\', volume]
      shows({ isReadOnly: false, paths: [mounted, [volume]] })
      expect(await call('unmount-partition', { goesOffline: false })).toEqual({ wasMounted: true })
      expect(changes()).toMatchObject([
        { name: 'Write-VolumeCache', given: { Path: volume } },
        { name: 'Remove-PartitionAccessPath', given: { AccessPath: 'C:\\mnt\\web', PartitionNumber: '3' } },
      ])
      shows({ paths: [mounted] })
      await expect(call('unmount-partition', { goesOffline: false })).rejects.toMatchObject({
        failure: { id: 'VarveFolderStays' },
      })
      shows()
      expect(await call('unmount-partition', { goesOffline: false })).toEqual({ wasMounted: false })
      expect(changes()).toEqual([])
    })
  },
)
