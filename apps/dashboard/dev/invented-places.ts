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
