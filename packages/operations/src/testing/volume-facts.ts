import type { LogicalVolume, PlacesView, ThinPool, ZfsPool } from '@varve/protocol/places'
import type { VolumeFacts } from '../volumes/facts.ts'

const gib = 1024 ** 3

export const thinPool: ThinPool = {
  address: 'lvm:pve/data',
  name: 'data',
  uuid: 'i9X09H-tPzd-sqDe-QsQ2-ml9A-qmmg-vTl8K6',
  size: 100 * gib,
  dataUsed: 40 * gib,
  metadataSize: gib,
  metadataUsed: gib / 4,
  chunkSize: 64 * 1024,
  promised: 200 * gib,
  zeroesNew: true,
  health: null,
}

export const volume: LogicalVolume = {
  address: 'lvm:pve/root',
  name: 'root',
  uuid: 'y9Y2m7-sJds-odES-LwsQ-2InE-8z8K-QISXHK',
  kind: 'linear',
  size: 8 * gib,
  used: 8 * gib,
  pool: null,
  origin: null,
  device: '/dev/pve/root',
  isOpen: false,
  readOnly: false,
  health: null,
}

export const group = {
  name: 'pve',
  uuid: 'gvPU22-SEP1-UaY4-p0yc-0TvF-03EQ-rGSTPF',
  size: 200 * gib,
  free: 20 * gib,
  extentSize: 4 * 1024 ** 2,
  missing: 0,
  devices: [{ device: '/dev/sda3', size: 200 * gib, free: 20 * gib }],
  pools: [thinPool],
  volumes: [volume],
} as const

export const zpool: ZfsPool = {
  name: 'tank',
  size: 100 * gib,
  used: 20 * gib,
  free: 70 * gib,
  health: 'ONLINE',
  readOnly: false,
  datasets: [
    { name: 'tank', used: 20 * gib, free: 70 * gib, quota: null, mountPoint: '/tank' },
    { name: 'tank/vms', used: gib, free: 10 * gib, quota: 11 * gib, mountPoint: null },
  ],
  volumes: [
    {
      address: 'zfs:tank/vm-1',
      name: 'tank/vm-1',
      size: 8 * gib,
      used: gib,
      blockSize: 16384,
      reserved: 0,
      origin: null,
      device: '/dev/zvol/tank/vm-1',
    },
  ],
  snapshots: [],
}

/** A Linux host with one group and one pool, asked by root. */
export function hostWith(change: Partial<PlacesView> = {}, facts: Partial<VolumeFacts> = {}): VolumeFacts {
  const places: PlacesView = {
    groups: [{ ...group, devices: [...group.devices], pools: [thinPool], volumes: [volume] }],
    zpools: [zpool],
    btrfs: [],
    folders: [],
    unread: [],
    ...change,
  }
  return { host: 'here', system: 'linux', isRoot: true, isOwnHost: true, places, problems: [], ...facts }
}
