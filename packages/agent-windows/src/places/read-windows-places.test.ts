import type { ToolBox } from '@varve/agent/actions/adapter'
import type { DistributionsNow, MachinesNow, WindowsHost } from '@varve/agent/platform/windows-host'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { distributionOf } from '../testing/distribution-of.ts'
import { readWindowsPlaces } from './read-windows-places.ts'

const noTools: ToolBox = { find: async () => null, run: async () => Promise.reject(new Error('no tool')) }
const checkpoint = { id: 'c', name: 'c', type: 'Standard', isAutomatic: false, parent: null, madeAt: '' }

function machineIn(...paths: readonly string[]): MachinesNow['machines'][number] {
  return {
    id: paths[0] ?? '',
    name: 'web',
    generation: 2,
    state: 'Off',
    drives: paths.map((path, location) => ({ path, controller: 'SCSI', number: 0, location })),
    checkpoints: {
      kind: null,
      isAutomatic: false,
      isMerging: false,
      current: null,
      all: [{ ...checkpoint, files: [...paths] }],
    },
  }
}

function placesWith(found: Partial<MachinesNow & DistributionsNow>, drives: object[] = []) {
  const windows: WindowsHost = {
    disks: async () => Promise.reject(new Error('nobody asks for disks')),
    machines: async () => ({ told: 'told', machines: [], ...found }),
    copyAccess: async () => {},
    distributions: async () => ({ distributions: [], hidden: [], seenBelow: [], ...found }),
    wslVersion: async () => null,
  }
  return readWindowsPlaces({ windows, scripts: { call: async () => ({ drives }) } })
}

test('drives with what BitLocker says, and all machines', async () => {
  await using place = await tempPlace()
  const read = placesWith({ machines: [machineIn('D:\\a.vhdx')] }, [
    { path: place.path, protection: 'On' },
    { path: place.file('gone'), protection: null },
  ])
  const { folders, machines, unread } = await read(noTools, { folders: null })
  expect(folders).toMatchObject([{ path: place.path, protection: 'On', readOnly: false }])
  expect([machines?.length, unread]).toEqual([1, []])
})

test('a volume that is mounted in a folder of a drive is not that drive', async () => {
  await using place = await tempPlace()
  const [drive] = await placesWith({}, [{ path: '/', protection: 'On', clusterSize: 4096 }])(noTools, {
    folders: [place.path],
  }).then(({ folders }) => folders)
  expect(drive?.clusterSize).toBe(drive?.place.mountPoint === '/' ? 4096 : undefined)
})

test('an agent tells of its libraries, and of machines what lies in them', async () => {
  await using place = await tempPlace()
  const [own, other] = [place.file('a.vhdx'), 'E:\\b.vhdx']
  const read = placesWith({ machines: [machineIn(own, other), machineIn(other)] })
  const { folders, machines } = await read(noTools, { folders: [place.path] })
  expect(folders.map(({ path }) => path)).toEqual([place.path])
  expect(machines).toMatchObject([{ drives: [{ path: own }], checkpoints: { all: [{ files: [own] }] } }])
  expect(machines).toHaveLength(1)
})

test('what is not shown, and what fails, is said', async () => {
  const hidden = await placesWith({ told: 'no-rights' })(noTools, { folders: [] })
  expect(hidden.unread).toMatchObject([{ what: 'Hyper-V', remedy: expect.stringContaining('S-1-5-32-578') }])
  const windows: WindowsHost = {
    disks: async () => Promise.reject(new Error('x')),
    machines: async () => Promise.reject(new Error('PowerShell is gone')),
    copyAccess: async () => {},
    distributions: async () => Promise.reject(new Error('PowerShell is gone')),
    wslVersion: async () => null,
  }
  const scripts = { call: async () => Promise.reject(new Error('PowerShell is gone')) }
  const failing = await readWindowsPlaces({ windows, scripts })(noTools, { folders: null })
  expect(failing.unread.map(({ what }) => what).toSorted()).toEqual(['Hyper-V', 'WSL', 'the drives'])
  expect(failing.folders).toEqual([])
})

test('distributions of WSL: all of them, or of an agent those in its libraries', async () => {
  await using place = await tempPlace()
  const [own, other] = [distributionOf(place.file('ext4.vhdx')), distributionOf('E:\\ext4.vhdx')]
  const files = { ...other, version: 1, disk: null } as const
  const read = placesWith({ distributions: [own, other, files], hidden: ['bernd'] })
  const all = await read(noTools, { folders: null })
  expect(all.distributions).toEqual([own, other, files])
  expect(all.unread).toMatchObject([{ what: 'WSL of bernd' }])
  const ofAgent = await read(noTools, { folders: [place.path] })
  expect([ofAgent.distributions, ofAgent.unread]).toEqual([[own], []])
})
