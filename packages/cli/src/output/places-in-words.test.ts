import type { PlacesView } from '@varve/protocol/places'
import { expect, test } from 'vitest'
import { placesInWords } from './places-in-words.ts'

const gib = 1024 ** 3
const volume = {
  uuid: 'u',
  kind: 'thin',
  size: 10 * gib,
  used: gib,
  pool: 'data',
  origin: null,
  device: '/dev/pve/vm-1',
  isOpen: true,
  readOnly: false,
  health: null,
} as const

const places: PlacesView = {
  groups: [
    {
      name: 'pve',
      uuid: 'u',
      size: 100 * gib,
      free: 12 * gib,
      extentSize: 4 * 1024 ** 2,
      missing: 1,
      devices: [{ device: '/dev/sda3', size: 100 * gib, free: 12 * gib }],
      pools: [
        {
          address: 'lvm:pve/data',
          name: 'data',
          uuid: 'u',
          size: 16 * gib,
          dataUsed: 8 * gib,
          metadataSize: gib,
          metadataUsed: gib / 4,
          chunkSize: 65536,
          promised: 20 * gib,
          zeroesNew: true,
          health: 'out_of_data',
        },
      ],
      volumes: [
        { ...volume, address: 'lvm:pve/vm-1', name: 'vm-1' },
        {
          ...volume,
          address: 'lvm:pve/vm-1-old',
          name: 'vm-1-old',
          origin: 'vm-1',
          device: null,
          used: null,
          isOpen: false,
        },
        {
          ...volume,
          address: 'lvm:pve/root',
          name: 'root',
          kind: 'linear',
          pool: null,
          used: 10 * gib,
          isOpen: false,
        },
      ],
    },
  ],
  zpools: [],
  btrfs: [],
  folders: [
    {
      path: '/vms\n',
      place: {
        filesystem: 'xfs',
        mountPoint: '/vms',
        free: gib,
        total: 2 * gib,
        copyOnWrite: true,
        media: null,
      },
      reserved: null,
      readOnly: false,
    },
  ],
  unread: [],
}

test('a pool stands before its volumes, and what is wrong or promised too much is said', () => {
  expect(placesInWords(places)).toEqual([
    'volume group pve  100 GiB, 12.0 GiB free, 1 device, 1 device missing',
    '  thin pool lvm:pve/data  16.0 GiB, 50.0 % of data and 25.0 % of metadata used, 20.0 GiB promised, out_of_data',
    '    lvm:pve/vm-1  10.0 GiB, 1.00 GiB used, thin, in use',
    '    lvm:pve/vm-1-old  10.0 GiB, thin, snapshot of vm-1, not active',
    '  lvm:pve/root  10.0 GiB, linear',
    String.raw`folder /vms\x0a  xfs, 1.00 GiB free of 2.00 GiB, shares blocks (reflink)`,
  ])
})

test('nothing at all is said as that', () => {
  expect(placesInWords({ groups: [], zpools: [], btrfs: [], folders: [], unread: [] })).toEqual([
    'No place for images was found.',
  ])
})

test('machines of Hyper-V with their disks and checkpoints', () => {
  const checkpoint = { id: 'c', name: 'vor', type: 'Recovery', isAutomatic: true, parent: null, files: [] }
  const words = placesInWords({
    groups: [],
    zpools: [],
    btrfs: [],
    folders: [],
    unread: [],
    machines: [
      {
        id: 'm',
        name: 'web',
        generation: 2,
        state: 'Running',
        drives: [{ path: 'D:\\web.avhdx', controller: 'SCSI', number: 0, location: 1 }],
        checkpoints: {
          kind: 'Production',
          isAutomatic: true,
          isMerging: false,
          current: 'c',
          all: [{ ...checkpoint, madeAt: '2026-11-01T10:00:00Z' }],
        },
      },
    ],
  })
  expect(words).toEqual([
    'machine web  generation 2, running, checkpoints at each start',
    '  D:\\web.avhdx  SCSI 0:1',
    '  checkpoint vor  2026-11-01 10:00, made at its start, recovery, its disks stand on it',
  ])
})

test('distributions of WSL with their disks', () => {
  const distribution = {
    id: 'd',
    kind: 'distribution',
    name: 'Debian',
    owner: 'PC\\anna',
    isOwn: true,
    isDefault: true,
    version: 2,
    state: 'running',
    disk: { path: 'C:\\d\\ext4.vhdx', exists: true, size: 8 * gib, allocated: 2 * gib, isSparse: true },
  } as const
  const gone = { path: 'C:\\gone.vhdx', exists: false, size: null, allocated: null, isSparse: null }
  const words = placesInWords({
    groups: [],
    zpools: [],
    btrfs: [],
    folders: [],
    unread: [],
    distributions: [
      distribution,
      { ...distribution, isDefault: false, state: 'unknown', disk: gone },
      { ...distribution, isDefault: false, version: 1, state: 'stopped', disk: null },
      { ...distribution, kind: 'docker-disk', name: 'docker-desktop', isDefault: false, state: 'stopped' },
    ],
  })
  expect(words).toEqual([
    'distribution Debian  WSL 2, running, of PC\\anna, the default',
    '  C:\\d\\ext4.vhdx  8.00 GiB, 2.00 GiB used, sparse',
    'distribution Debian  WSL 2, not told whether it runs, of PC\\anna',
    '  C:\\gone.vhdx  not there',
    'distribution Debian  WSL 1, stopped, of PC\\anna',
    'disk of Docker Desktop  stopped, of PC\\anna',
    '  C:\\d\\ext4.vhdx  8.00 GiB, 2.00 GiB used, sparse',
  ])
})
