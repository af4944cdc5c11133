import { countOf, formatBytes } from '@varve/core/units/format-bytes'
import type {
  ApfsPlace,
  BtrfsPlace,
  FolderPlace,
  LogicalVolume,
  MacDiskPlace,
  PlacesView,
  Subvolume,
  ThinPool,
  VolumeGroup,
  ZfsPool,
  ZfsVolume,
} from '@varve/protocol/places'
import type { DistributionDisk, WslDistribution } from '@varve/protocol/distributions'
import type { MacMachine } from '@varve/protocol/mac-machines'
import type { Checkpoint, HyperVMachine } from '@varve/protocol/machines'
import { printable } from './text.ts'

/** The places of a host for people, what holds others first. */
export function placesInWords({
  groups,
  zpools,
  btrfs,
  apfs = [],
  macDisks = [],
  machines = [],
  macMachines = [],
  distributions = [],
  folders,
  unread,
}: PlacesView): string[] {
  const lines = [
    ...groups.flatMap(groupLines),
    ...zpools.flatMap(zpoolLines),
    ...btrfs.flatMap(btrfsLines),
    ...macDisks.flatMap(macDiskLines),
    ...apfs.flatMap(apfsLines),
    ...folders.map(folderLine),
    ...machines.flatMap(machineLines),
    ...macMachines.flatMap(macMachineLines),
    ...distributions.flatMap(distributionLines),
    ...unread.map(({ what, reason, remedy }) => `${what} was not read. ${reason} ${remedy}`),
  ]
  return (lines.length === 0 ? ['No place for images was found.'] : lines).map(printable)
}

function macDiskLines({ device, size, bus, isInternal, isSolidState, partitions }: MacDiskPlace): string[] {
  const words = [
    ...(isInternal === null ? [] : [isInternal ? 'internal' : 'external']),
    ...(isSolidState === true ? ['solid state'] : []),
    ...(bus === null ? [] : [bus]),
  ]
  return [
    [`disk ${device}  ${formatBytes(size)}`, ...words].join(', '),
    ...partitions.map(({ device: part, size: bytes, content, name, mountPoint }) =>
      [
        `  ${part}  ${formatBytes(bytes)}${content === null ? '' : `, ${content}`}${name === null ? '' : ` "${name}"`}`,
        ...(mountPoint === null ? [] : [`at ${mountPoint}`]),
      ].join(', '),
    ),
  ]
}

function apfsLines({ device, size, free, stores, volumes }: ApfsPlace): string[] {
  return [
    `APFS container ${device} on ${stores.join(', ')}  ${formatBytes(size)}, ${formatBytes(free)} free`,
    ...volumes.map(({ device: volume, name, roles, used, mountPoint, isEncrypted, isLocked }) =>
      [
        `  ${volume}${name === null ? '' : ` "${name}"`}  ${formatBytes(used)} used`,
        ...(roles.length === 0 ? [] : [roles.join(' + ')]),
        ...(isLocked ? ['locked'] : isEncrypted ? ['encrypted'] : []),
        ...(mountPoint === null ? [] : [`at ${mountPoint}`]),
      ].join(', '),
    ),
  ]
}

function groupLines({ name, size, free, devices, missing, pools, volumes }: VolumeGroup): string[] {
  const lost = missing === 0 ? '' : `, ${countOf(missing, 'device')} missing`
  return [
    `volume group ${name}  ${formatBytes(size)}, ${formatBytes(free)} free, ${countOf(devices.length, 'device')}${lost}`,
    ...pools.flatMap((pool) => [
      poolLine(pool),
      ...volumes.filter((volume) => volume.pool === pool.name).map((volume) => `  ${volumeLine(volume)}`),
    ]),
    ...volumes
      .filter((volume) => !pools.some(({ name: pool }) => pool === volume.pool))
      .map((volume) => volumeLine(volume)),
  ]
}

function poolLine(pool: ThinPool): string {
  const { address, size, dataUsed, metadataSize, metadataUsed, promised, health } = pool
  const over = promised > size ? `, ${formatBytes(promised)} promised` : ''
  const state = health === null ? '' : `, ${health}`
  return `  thin pool ${address}  ${formatBytes(size)}, ${part(dataUsed, size)} of data and ${part(metadataUsed, metadataSize)} of metadata used${over}${state}`
}

function volumeLine({ address, kind, size, used, origin, device, isOpen, health }: LogicalVolume): string {
  const words = [
    ...(used === null || used === size ? [] : [`${formatBytes(used)} used`]),
    origin === null ? kind : `${kind}, snapshot of ${origin}`,
    ...(device === null ? ['not active'] : []),
    ...(isOpen ? ['in use'] : []),
    ...(health === null ? [] : [health]),
  ]
  return `  ${address}  ${formatBytes(size)}, ${words.join(', ')}`
}

function zpoolLines({ name, size, free, health, datasets, volumes, snapshots }: ZfsPool): string[] {
  const state = health === 'ONLINE' ? '' : `, ${health}`
  return [
    `ZFS pool ${name}  ${formatBytes(size)}, ${formatBytes(free)} free${state}, ${countOf(snapshots.length, 'snapshot')}`,
    ...datasets.map((one) => {
      const quota = one.quota === null ? '' : `, at most ${formatBytes(one.quota)}`
      return `  dataset ${one.name}  ${formatBytes(one.used)} used, ${formatBytes(one.free)} free${quota}`
    }),
    ...volumes.map(zvolLine),
  ]
}

function zvolLine({ address, size, used, reserved, origin }: ZfsVolume): string {
  const kind = reserved === 0 ? ', sparse' : ''
  const from = origin === null ? '' : `, clone of ${origin}`
  return `  ${address}  ${formatBytes(size)}, ${formatBytes(used)} used${kind}${from}`
}

function btrfsLines({ mountPoint, device, data, metadata, subvolumes }: BtrfsPlace): string[] {
  return [
    `Btrfs ${mountPoint}  on ${device}, ${part(data.used, data.size)} of data and ${part(metadata.used, metadata.size)} of metadata used`,
    ...subvolumes.map(({ path, quota }) => `  subvolume ${path}${quotaWords(quota)}`),
  ]
}

function quotaWords(quota: Subvolume['quota']): string {
  if (quota === null) return ''
  const most = quota.mostReferenced ?? quota.mostExclusive
  const limit = most === null ? '' : `, at most ${formatBytes(most)}`
  return `  ${formatBytes(quota.referenced)}, ${formatBytes(quota.exclusive)} of it alone${limit}`
}

function macMachineLines({ product, name, state, folder, disks, snapshots }: MacMachine): string[] {
  return [
    `machine ${name}  ${product}, ${state ?? 'not told whether it runs'}  ${folder}`,
    ...disks.map(({ path, isThere }) => `  ${path}${isThere ? '' : '  is not there'}`),
    ...snapshots.map((one) => `  snapshot ${one.name}${one.isCurrent ? ', its disks stand on it' : ''}`),
  ]
}

function machineLines({ name, state, generation, drives, checkpoints }: HyperVMachine): string[] {
  const automatic = checkpoints.isAutomatic ? ', checkpoints at each start' : ''
  const merging = checkpoints.isMerging ? ', merging a checkpoint that was removed' : ''
  return [
    `machine ${name}  generation ${generation}, ${state.toLowerCase()}${automatic}${merging}`,
    ...drives.map(
      ({ path, controller, number, location }) => `  ${path}  ${controller} ${number}:${location}`,
    ),
    ...checkpoints.all.map((one) => `  checkpoint ${checkpointWords(one, checkpoints.current)}`),
  ]
}

function checkpointWords(
  { id, name, type, isAutomatic, madeAt }: Checkpoint,
  current: string | null,
): string {
  const words = [
    madeAt.slice(0, 16).replace('T', ' '),
    ...(isAutomatic ? ['made at its start'] : []),
    ...(type === 'Standard' ? [] : [type.toLowerCase()]),
    ...(id === current ? ['its disks stand on it'] : []),
  ]
  return `${name}  ${words.join(', ')}`
}

function distributionLines({
  kind,
  name,
  owner,
  isDefault,
  version,
  state,
  disk,
}: WslDistribution): string[] {
  const words = [
    ...(kind === 'docker-disk' ? [] : [`WSL ${version}`]),
    state === 'unknown' ? 'not told whether it runs' : state,
    `of ${owner}`,
    ...(isDefault ? ['the default'] : []),
  ]
  const title = kind === 'docker-disk' ? 'disk of Docker Desktop' : `distribution ${name}`
  return [`${title}  ${words.join(', ')}`, ...(disk === null ? [] : [`  ${diskLine(disk)}`])]
}

function diskLine({ path, exists, size, allocated, isSparse }: DistributionDisk): string {
  const words = [
    ...(exists === false ? ['not there'] : []),
    ...(size === null ? [] : [formatBytes(size)]),
    ...(allocated === null || allocated === size ? [] : [`${formatBytes(allocated)} used`]),
    ...(isSparse === true ? ['sparse'] : []),
  ]
  return words.length === 0 ? path : `${path}  ${words.join(', ')}`
}

function folderLine(folder: FolderPlace): string {
  const { path, place, reserved, readOnly, protection, clusterSize, deduplication } = folder
  const { filesystem, free, total, copyOnWrite } = place
  const words = [
    filesystem ?? 'unknown filesystem',
    ...(clusterSize === undefined ? [] : [`clusters of ${formatBytes(clusterSize)}`]),
    ...(free === null || total === null ? [] : [`${formatBytes(free)} free of ${formatBytes(total)}`]),
    ...(reserved === null || reserved === 0 ? [] : [`${formatBytes(reserved)} kept for root`]),
    ...(copyOnWrite === true ? ['shares blocks (reflink)'] : []),
    ...(readOnly ? ['read-only'] : []),
    ...(place.traits ?? []).flatMap((trait) =>
      trait === 'read-only' ? [] : trait.replace('-holes', ' holes'),
    ),
    ...(protection === undefined ? [] : [`BitLocker ${protection.toLowerCase()}`]),
    ...(deduplication === undefined ? [] : [`deduplication ${deduplication}`]),
  ]
  return `folder ${path}  ${words.join(', ')}`
}

function part(used: number, size: number): string {
  return size === 0 ? '0 %' : `${((100 * used) / size).toFixed(1)} %`
}
