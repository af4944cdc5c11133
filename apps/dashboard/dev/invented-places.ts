import type { ActionOutcome } from '@varve/operations/actions/action-table'
import type { PlacesView } from '@varve/protocol/places'
import { ago } from './invented-fleet.ts'

const MiB = 2 ** 20
const GiB = 2 ** 30

const media = { filesystem: 'xfs', mountPoint: '/srv', copyOnWrite: false, media: 'NVMe SSD, 1.82 TiB' }

const volume = (name: string, kind: 'linear' | 'thin') => ({
  address: `lvm:vg0/${name}`,
  name,
  uuid: `lv-${name}`,
  kind,
  size: 40 * GiB,
  used: 12 * GiB,
  pool: kind === 'thin' ? 'thin' : null,
  origin: null,
  device: `/dev/vg0/${name}`,
  isOpen: name === 'web01',
  readOnly: false,
  health: null,
})

/** The places of a host with a bit of everything, one of them nearly full. */
export const inventedPlaces: PlacesView = {
  groups: [
    {
      name: 'vg0',
      uuid: 'vg-0',
      size: 900 * GiB,
      free: 120 * GiB,
      extentSize: 4 * MiB,
      missing: 0,
      devices: [
        { device: '/dev/nvme1n1', size: 450 * GiB, free: 120 * GiB },
        { device: '/dev/nvme2n1', size: 450 * GiB, free: 0 },
      ],
      pools: [
        {
          address: 'lvm:vg0/thin',
          name: 'thin',
          uuid: 'lv-thin',
          size: 600 * GiB,
          dataUsed: 402 * GiB,
          metadataSize: 600 * MiB,
          metadataUsed: 561 * MiB,
          chunkSize: 64 * 1024,
          promised: 840 * GiB,
          zeroesNew: true,
          health: null,
        },
      ],
      volumes: [volume('web01', 'thin'), volume('db02', 'thin'), volume('swap', 'linear')],
    },
  ],
  zpools: [
    {
      name: 'tank',
      size: 3600 * GiB,
      used: 1400 * GiB,
      free: 2200 * GiB,
      health: 'DEGRADED',
      readOnly: false,
      datasets: [
        { name: 'tank/vm', used: 700 * GiB, free: 300 * GiB, quota: 1000 * GiB, mountPoint: '/tank/vm' },
      ],
      volumes: [
        {
          address: 'zfs:tank/mail01',
          name: 'tank/mail01',
          size: 64 * GiB,
          used: 31 * GiB,
          blockSize: 16 * 1024,
          reserved: 0,
          origin: null,
          device: '/dev/zvol/tank/mail01',
        },
      ],
      snapshots: [],
    },
  ],
  btrfs: [
    {
      mountPoint: '/srv/btrfs',
      device: '/dev/sdb1',
      data: { size: 200 * GiB, used: 141 * GiB },
      metadata: { size: 4 * GiB, used: GiB },
      subvolumes: [
        {
          id: 256,
          path: 'images',
          uuid: 'sub-1',
          parentUuid: null,
          quota: {
            referenced: 90 * GiB,
            exclusive: 70 * GiB,
            mostReferenced: 100 * GiB,
            mostExclusive: null,
          },
        },
      ],
    },
  ],
  folders: [
    {
      path: '/srv/images',
      place: { ...media, free: 412 * GiB, total: 1863 * GiB },
      reserved: null,
      readOnly: false,
    },
  ],
  unread: [],
}

const local = 'C:\\Users\\anna\\AppData\\Local'

const ofWsl = (name: string, path: string) => ({
  id: `wsl-${name}`,
  kind: 'distribution' as const,
  name,
  owner: 'PC\\anna',
  isOwn: true,
  isDefault: false,
  version: 2 as const,
  state: 'stopped' as const,
  disk: { path: `${local}\\${path}`, exists: true, size: 31 * GiB, allocated: 31 * GiB, isSparse: false },
})

const drive = (path: string, location: number) => ({ path, controller: 'SCSI', number: 0, location })

/** The places of a Windows with machines of Hyper-V. */
export const inventedWindows: PlacesView = {
  groups: [],
  zpools: [],
  btrfs: [],
  folders: [
    {
      path: 'D:\\Hyper-V\\Disks',
      place: {
        filesystem: 'ReFS',
        mountPoint: 'D:\\',
        copyOnWrite: true,
        media: 'NVMe SSD',
        free: 412 * GiB,
        total: 1863 * GiB,
      },
      reserved: null,
      readOnly: false,
      protection: 'On',
    },
  ],
  machines: [
    {
      id: '6f9619ff-8b86-d011-b42d-00cf4fc964ff',
      name: 'erp-db',
      generation: 2,
      state: 'Running',
      drives: [
        drive('D:\\Hyper-V\\Disks\\erp-db_3F1C2A77-11B2-4C55-9D0E-52F7A2B1C0DE.avhdx', 0),
        drive('D:\\Hyper-V\\Disks\\erp-data_8A0B6F10-7E0C-44E1-8A2F-3C1D9E5B7A21.avhdx', 1),
      ],
      checkpoints: {
        kind: 'Production',
        isAutomatic: false,
        isMerging: false,
        current: '0a000000-8b86-d011-b42d-00cf4fc964ff',
        all: [
          {
            id: '0a000000-8b86-d011-b42d-00cf4fc964ff',
            name: 'before the update',
            type: 'Standard',
            isAutomatic: false,
            parent: null,
            madeAt: ago(3 * 86_400),
            files: ['D:\\Hyper-V\\Disks\\erp-db.vhdx', 'D:\\Hyper-V\\Disks\\erp-data.vhdx'],
          },
        ],
      },
    },
    {
      id: '7f9619ff-8b86-d011-b42d-00cf4fc964ff',
      name: 'web03',
      generation: 1,
      state: 'Off',
      drives: [drive('D:\\Hyper-V\\Disks\\web03.vhdx', 0)],
      checkpoints: { kind: 'Production', isAutomatic: true, isMerging: true, current: null, all: [] },
    },
  ],
  distributions: [
    {
      ...ofWsl('Ubuntu-24.04', 'wsl\\{3f1c2a77-11b2-4c55-9d0e-52f7a2b1c0de}\\ext4.vhdx'),
      isDefault: true,
      state: 'running',
    },
    {
      ...ofWsl('docker-desktop', 'Docker\\wsl\\disk\\docker_data.vhdx'),
      kind: 'docker-disk',
      disk: {
        path: `${local}\\Docker\\wsl\\disk\\docker_data.vhdx`,
        exists: true,
        size: 64 * GiB,
        allocated: 22 * GiB,
        isSparse: true,
      },
    },
    { ...ofWsl('Debian', 'Packages\\TheDebianProject.DebianGNULinux_76v4gfsz19hv4\\LocalState\\ext4.vhdx') },
  ],
  unread: [],
}

type Attached = ActionOutcome<'list-attached'>['attached'][number]

const device = (name: string, change: Partial<Attached>): Attached => ({
  attachment: name,
  image: `/srv/images/${name}`,
  device: '/dev/loop9',
  how: 'loop',
  state: 'live',
  readOnly: true,
  throwAway: false,
  pid: null,
  size: 32 * GiB,
  partitions: [],
  volumes: [],
  mounts: [],
  madeAt: ago(7200),
  ...change,
})

/** One that is mounted, and one whose server has died. */
export const inventedAttached: Attached[] = [
  device('cache06.qcow2', {
    device: '/dev/nbd0',
    how: 'nbd-client',
    pid: 4711,
    partitions: [
      { number: 1, device: '/dev/nbd0p1', start: MiB, size: 512 * MiB },
      { number: 2, device: '/dev/nbd0p2', start: 513 * MiB, size: 31 * GiB },
    ],
    mounts: [{ device: '/dev/nbd0p2', folder: '/srv/images/cache06-files' }],
  }),
  device('mail01.vmdk', {
    device: '/dev/nbd1',
    how: 'nbd-client',
    state: 'dead-server',
    madeAt: ago(86_400),
  }),
]
