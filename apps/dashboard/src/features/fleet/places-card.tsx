import { useQuery } from '@tanstack/react-query'
import { countOf, formatBytes } from '@varve/core/units/format-bytes'
import type { DistributionState, WslDistribution } from '@varve/protocol/distributions'
import type { HostView } from '@varve/protocol/hosts'
import type { MacMachine } from '@varve/protocol/mac-machines'
import type { HyperVMachine } from '@varve/protocol/machines'
import type {
  BtrfsPlace,
  FolderPlace,
  PlacesView,
  Subvolume,
  ThinPool,
  VolumeGroup,
  ZfsPool,
} from '@varve/protocol/places'
import { Card } from '../../components/card.tsx'
import { ByteSize, Meter, TimeAgo } from '../../components/marks.tsx'
import { ErrorCard, SkeletonRows } from '../../components/states.tsx'
import { useTRPC } from '../../data/trpc.ts'
import styles from './fleet.module.css'
import { SpaceBar } from './host-rows.tsx'
import { ApfsRows, MacDiskRow } from './mac-places.tsx'
import { PlaceRow } from './place-row.tsx'

/** Where images can be on a host, as its agent finds it now: what holds others first. */
export function PlacesCard({ host }: { readonly host: HostView }) {
  const api = useTRPC()
  const isHere = host.state === 'connected'
  const query = useQuery(api.places.list.queryOptions({ host: host.name }, { enabled: isHere, staleTime: 0 }))
  const { platform } = host.os
  return (
    <Card title="Places">
      <p className={`${styles.soft} ${styles.lead}`}>{leads[platform]}</p>
      {!isHere && <p className={styles.soft}>They cannot be seen while the agent does not answer.</p>}
      {query.isError && !query.data && <ErrorCard error={query.error} onRetry={() => void query.refetch()} />}
      {isHere && query.isPending && <SkeletonRows rows={2} height={40} />}
      {query.data && <Places places={query.data} />}
    </Card>
  )
}

const leads: Readonly<Record<HostView['os']['platform'], string>> = {
  linux: 'Where images can be: volume groups, pools, and the folders of its libraries.',
  macos:
    'Where images can be: its disks and volumes, the folders of its libraries, and the machines of UTM, Parallels Desktop and VMware Fusion.',
  windows:
    'Where images can be: the folders of its libraries, the machines of Hyper-V, and the distributions of WSL.',
}

function Places({
  places: {
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
  },
}: {
  readonly places: PlacesView
}) {
  return (
    <>
      <ul className={styles.rows}>
        {groups.map((group) => (
          <GroupRows key={group.uuid} group={group} />
        ))}
        {zpools.map((pool) => (
          <ZpoolRows key={pool.name} pool={pool} />
        ))}
        {btrfs.map((place) => (
          <BtrfsRows key={place.mountPoint} place={place} />
        ))}
        {macDisks.map((disk) => (
          <MacDiskRow key={disk.device} disk={disk} />
        ))}
        {apfs.map((container) => (
          <ApfsRows key={container.device} container={container} />
        ))}
        {folders.map((folder) => (
          <FolderRow key={folder.path} folder={folder} />
        ))}
        {machines.map((machine) => (
          <MachineRows key={machine.id} machine={machine} />
        ))}
        {macMachines.map((machine) => (
          <MacMachineRows key={machine.folder} machine={machine} />
        ))}
        {distributions.map((one) => (
          <DistributionRow key={one.id} distribution={one} />
        ))}
      </ul>
      {unread.map(({ what, reason, remedy }) => (
        <p key={what} className={styles.soft}>
          {what} was not read. {reason} {remedy}
        </p>
      ))}
    </>
  )
}

function GroupRows({ group }: { readonly group: VolumeGroup }) {
  const { name, size, free, devices, missing, pools, volumes } = group
  const others = volumes.filter(({ pool }) => pool === null)
  return (
    <>
      <PlaceRow
        kind="volume group"
        name={name}
        trouble={missing === 0 ? null : `${countOf(missing, 'device')} missing`}
        words={`${countOf(devices.length, 'device')}, ${countOf(others.length, 'volume')} of its own`}
        room={<SpaceBar free={free} total={size} />}
      />
      {pools.map((pool) => (
        <PoolRow
          key={pool.uuid}
          pool={pool}
          volumes={volumes.filter((volume) => volume.pool === pool.name).length}
        />
      ))}
    </>
  )
}

/** A thin pool can be full of data or of metadata: both are shown. */
function PoolRow({ pool, volumes }: { readonly pool: ThinPool; readonly volumes: number }) {
  const { name, size, dataUsed, metadataSize, metadataUsed, promised, health } = pool
  return (
    <PlaceRow
      isInner
      kind="thin pool"
      name={name}
      trouble={health}
      words={
        <>
          {countOf(volumes, 'thin volume')}
          {promised > size && (
            <>
              , <ByteSize bytes={promised} /> promised
            </>
          )}
        </>
      }
      room={
        <div className={styles.meters}>
          <Filled what="data" used={dataUsed} size={size} />
          <Filled what="metadata" used={metadataUsed} size={metadataSize} />
        </div>
      }
    />
  )
}

const tight = 0.9

function Filled({
  what,
  used,
  size,
}: {
  readonly what: string
  readonly used: number
  readonly size: number
}) {
  const share = size === 0 ? 0 : used / size
  const isTight = share > tight
  const percent = `${(share * 100).toFixed(1)} %`
  return (
    <div className={styles.space}>
      <Meter
        parts={[{ share, colour: isTight ? 'var(--varve-warn)' : 'var(--varve-L1)' }]}
        label={`${percent} of the ${what} used`}
      />
      <span className={styles.soft}>
        {percent} of <ByteSize bytes={size} /> {what} used{isTight && ': nearly full'}
      </span>
    </div>
  )
}

function ZpoolRows({ pool }: { readonly pool: ZfsPool }) {
  const { name, size, free, health, readOnly, datasets, volumes, snapshots } = pool
  return (
    <>
      <PlaceRow
        kind={readOnly ? 'ZFS pool, read-only' : 'ZFS pool'}
        name={name}
        trouble={health === 'ONLINE' ? null : health.toLowerCase()}
        words={`${countOf(volumes.length, 'volume')}, ${countOf(snapshots.length, 'snapshot')}`}
        room={<SpaceBar free={free} total={size} />}
      />
      {datasets.map((one) => (
        <PlaceRow
          key={one.name}
          isInner
          kind="dataset"
          name={one.name}
          words={
            <>
              {one.mountPoint ?? 'mounted nowhere'}
              {one.quota !== null && (
                <>
                  <br />
                  at most <ByteSize bytes={one.quota} />
                </>
              )}
            </>
          }
          room={<SpaceBar free={one.free} total={one.used + one.free} />}
        />
      ))}
    </>
  )
}

function BtrfsRows({ place }: { readonly place: BtrfsPlace }) {
  const { mountPoint, device, data, metadata, subvolumes } = place
  return (
    <>
      <PlaceRow
        kind="Btrfs"
        name={mountPoint}
        words={`on ${device}, ${countOf(subvolumes.length, 'subvolume')}`}
        room={
          <div className={styles.meters}>
            <Filled what="data" used={data.used} size={data.size} />
            <Filled what="metadata" used={metadata.used} size={metadata.size} />
          </div>
        }
      />
      {subvolumes.flatMap((one) => (one.quota === null ? [] : [<QuotaRow key={one.id} of={one} />]))}
    </>
  )
}

/** Of subvolumes those are shown that quotas count. */
function QuotaRow({ of: { path, quota } }: { readonly of: Subvolume }) {
  if (quota === null) return null
  const most = quota.mostReferenced ?? quota.mostExclusive
  return (
    <PlaceRow
      isInner
      kind="subvolume"
      name={path}
      words={
        <>
          <ByteSize bytes={quota.exclusive} /> of it alone
        </>
      }
      room={
        most === null ? (
          <span className={styles.soft}>
            <ByteSize bytes={quota.referenced} /> used, without a limit
          </span>
        ) : (
          <SpaceBar free={Math.max(0, most - quota.referenced)} total={most} />
        )
      }
    />
  )
}

/** A machine with the files that it writes to, then its checkpoints from the oldest. */
function MachineRows({ machine }: { readonly machine: HyperVMachine }) {
  const { name, generation, state, drives, checkpoints } = machine
  const { all, current, isAutomatic, isMerging } = checkpoints
  return (
    <>
      <PlaceRow
        kind={`machine of Hyper-V, generation ${generation}`}
        name={name}
        words={drives.map(({ path, controller, number, location }) => (
          <div key={path} title={path}>
            {path.split(/[\\/]/u).at(-1)}{' '}
            <span className={styles.soft}>{`${controller} ${number}:${location}`}</span>
          </div>
        ))}
        room={
          <span className={styles.soft}>
            {state.toLowerCase()}
            {isAutomatic && ', a checkpoint at each start'}
            {isMerging && ', merging one that was removed'}
          </span>
        }
      />
      {all.map((one) => (
        <PlaceRow
          key={one.id}
          isInner
          kind={one.type === 'Standard' ? 'checkpoint' : `checkpoint (${one.type.toLowerCase()})`}
          name={one.name}
          words={
            <>
              <TimeAgo at={one.madeAt} />
              {one.isAutomatic && ', made at its start'}
            </>
          }
          room={one.id === current && <span className={styles.soft}>its disks stand on it</span>}
        />
      ))}
    </>
  )
}

/** A machine of a Mac with its disks, then its snapshots. */
function MacMachineRows({ machine }: { readonly machine: MacMachine }) {
  const { product, name, state, disks, snapshots } = machine
  const gone = disks.filter(({ isThere }) => !isThere).length
  return (
    <>
      <PlaceRow
        kind={`machine of ${product}`}
        name={name}
        trouble={gone === 0 ? null : 'a disk of it is gone'}
        words={disks.map(({ path }) => (
          <div key={path} title={path}>
            {path.split('/').at(-1)}
          </div>
        ))}
        room={<span className={styles.soft}>{state ?? 'not told whether it runs'}</span>}
      />
      {snapshots.map((one) => (
        <PlaceRow
          key={one.id}
          isInner
          kind="snapshot"
          name={one.name}
          words={one.madeAt}
          room={one.isCurrent && <span className={styles.soft}>its disks stand on it</span>}
        />
      ))}
    </>
  )
}

const statesOfWsl: Readonly<Partial<Record<DistributionState, string>>> = {
  unknown: 'not told whether it runs',
}

function DistributionRow({ distribution }: { readonly distribution: WslDistribution }) {
  const { kind, name, owner, isDefault, version, state, disk } = distribution
  const isDocker = kind === 'docker-disk'
  const { path = '', size = null, allocated = null } = disk ?? {}
  return (
    <PlaceRow
      kind={isDocker ? 'disk of Docker Desktop' : `distribution of WSL ${version}`}
      name={isDocker ? 'Docker Desktop' : name}
      trouble={disk?.exists === false ? 'its disk is gone' : null}
      words={
        <>
          <div title={path}>{disk === null ? 'files in a folder' : path.split(/[\\/]/u).at(-1)}</div>
          <span className={styles.soft}>
            of {owner}
            {isDefault && ', the default'}
          </span>
        </>
      }
      room={
        <span className={styles.soft}>
          {statesOfWsl[state] ?? state}
          {size !== null && (
            <>
              , <ByteSize bytes={allocated ?? size} /> on disk
            </>
          )}
          {disk?.isSparse === true && ', sparse'}
        </span>
      }
    />
  )
}

function FolderRow({ folder }: { readonly folder: FolderPlace }) {
  const { path, place, reserved, readOnly, protection, clusterSize, deduplication } = folder
  const { filesystem, free, total, copyOnWrite } = place
  const words = [
    filesystem ?? 'filesystem not known',
    ...(clusterSize === undefined ? [] : [`clusters of ${formatBytes(clusterSize)}`]),
    ...(copyOnWrite === true ? ['shares blocks'] : []),
    ...(readOnly ? ['read-only'] : []),
    ...(reserved === null || reserved === 0 ? [] : [`${formatBytes(reserved)} kept for root`]),
    ...(protection === undefined ? [] : [`BitLocker ${protection.toLowerCase()}`]),
    ...(deduplication === undefined ? [] : [`deduplication ${deduplication}`]),
  ]
  return (
    <PlaceRow
      kind="folder"
      name={path}
      words={words.join(', ')}
      room={
        free === null || total === null ? (
          <span className={styles.soft}>space not known</span>
        ) : (
          <SpaceBar free={free} total={total} />
        )
      }
    />
  )
}
