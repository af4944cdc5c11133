import type { ToolBox } from '@varve/agent/actions/adapter'
import { DiskError } from '@varve/core/problems/disk-error'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { plistText, type Plain } from '../testing/plist-text.ts'
import { hasSamples, said, sample } from '../testing/samples.ts'
import { readMacPlaces } from './read-mac-places.ts'

/** Tools that say these lists. */
function saying(lists: Readonly<Record<string, string>>): ToolBox {
  return {
    find: async (tool) => Promise.resolve(`/usr/sbin/${tool}`),
    run: async (command) => {
      const text = lists[command.args.join(' ')]
      if (text !== undefined) return Promise.resolve(command.parse(said(text)))
      throw new DiskError('tool-failed', { file: 'x', tool: command.tool, exitCode: 1, stderr: 'no' })
    },
  }
}

const part = (DeviceIdentifier: string, MountPoint: string, more: object = {}) => ({
  DeviceIdentifier,
  MountPoint,
  Size: 1000,
  Content: 'Apple_HFS',
  ...more,
})

function listsOf(main: string, usb: string): Record<string, string> {
  const disks: Plain = [
    {
      DeviceIdentifier: 'disk0',
      Size: 9000,
      Content: 'GUID_partition_scheme',
      Partitions: [{ DeviceIdentifier: 'disk0s2', Size: 8000, Content: 'Apple_APFS' }],
    },
    {
      DeviceIdentifier: 'disk1',
      Size: 8000,
      APFSPhysicalStores: [{ DeviceIdentifier: 'disk0s2' }],
      APFSVolumes: [part('disk1s1', main), part('disk1s2', '/System/Volumes/VM')],
      Partitions: [],
    },
    { DeviceIdentifier: 'disk2', Size: 2000, Partitions: [part('disk2s1', usb, { VolumeName: 'Stick' })] },
  ]
  const volume = (DeviceIdentifier: string, role: string) => ({
    DeviceIdentifier,
    Name: role,
    Roles: [role],
    CapacityInUse: 500,
  })
  const info = (DeviceIdentifier: string, more: Record<string, Plain>) =>
    plistText({ DeviceIdentifier, ...more })
  return {
    'list -plist': plistText({ AllDisksAndPartitions: disks }),
    'apfs list -plist': plistText({
      Containers: [
        {
          ContainerReference: 'disk1',
          CapacityCeiling: 8000,
          CapacityFree: 3000,
          PhysicalStores: [{ DeviceIdentifier: 'disk0s2' }],
          Volumes: [volume('disk1s1', 'Data'), volume('disk1s2', 'VM')],
        },
      ],
    }),
    'info -plist /dev/disk0': info('disk0', { BusProtocol: 'PCI', Internal: true, SolidState: true }),
    'info -plist /dev/disk2': info('disk2', { BusProtocol: 'USB', Internal: false }),
  }
}

test('disks, containers with their room and roles, and the volumes in which images can lie', async () => {
  await using main = await tempPlace()
  await using usb = await tempPlace()
  const read = await readMacPlaces(saying(listsOf(main.path, usb.path)), { folders: null })
  expect(read.unread).toEqual([])
  expect(read.folders.map(({ path }) => path)).toEqual([main.path, usb.path])
  expect(read.apfs).toMatchObject([
    {
      device: '/dev/disk1',
      size: 8000,
      free: 3000,
      stores: ['/dev/disk0s2'],
      volumes: [
        { device: '/dev/disk1s1', roles: ['Data'], used: 500, mountPoint: main.path },
        { device: '/dev/disk1s2', roles: ['VM'] },
      ],
    },
  ])
  expect(read.macDisks).toMatchObject([
    { device: '/dev/disk0', bus: 'PCI', isInternal: true, isSolidState: true },
    { device: '/dev/disk2', bus: 'USB', isInternal: false, partitions: [{ name: 'Stick' }] },
  ])
})

test('an agent tells of what its libraries lie on, and of nothing else', async () => {
  await using main = await tempPlace()
  await using usb = await tempPlace()
  const read = await readMacPlaces(saying(listsOf(main.path, usb.path)), { folders: [usb.path] })
  expect(read.folders.map(({ path }) => path)).toEqual([usb.path])
  expect([read.apfs, read.macDisks?.map(({ device }) => device)]).toEqual([[], ['/dev/disk2']])
})

test('what diskutil does not tell is said', async () => {
  const { folders, unread } = await readMacPlaces(saying({}), { folders: null })
  expect([folders, unread.map(({ what }) => what)]).toEqual([[], ['the disks', 'APFS']])
})

test.skipIf(!hasSamples())('what a real Mac told of its containers', async () => {
  const read = await readMacPlaces(
    saying({
      'list -plist': sample('diskutil-list-intel-apfs.plist'),
      'apfs list -plist': sample('diskutil-apfs-list.plist'),
    }),
    { folders: null },
  )
  expect(read.apfs).toMatchSnapshot()
  expect(read.macDisks).toMatchSnapshot()
})
