import { z } from 'zod'
import { WslDistribution } from './distributions.ts'
import { MacMachine } from './mac-machines.ts'
import { HyperVMachine } from './machines.ts'
import { Bytes, HostName, Path } from './primitives.ts'
import { HostPlaceView } from './reports.ts'

/** How a volume is named in a request: `lvm:VG/LV`, `zfs:POOL/VOLUME`. */
const Address = z.string().max(600)

/** Thin volumes take their blocks from it as they are written. */
export const ThinPool = z.lazy(() =>
  z.object({
    address: Address,
    name: z.string(),
    uuid: z.string(),
    size: Bytes,
    dataUsed: Bytes,
    metadataSize: Bytes,
    metadataUsed: Bytes,
    chunkSize: Bytes,
    /** What its volumes would take if they were written whole. */
    promised: Bytes,
    /** Whether a block reads as zeros where its volume has not written it. */
    zeroesNew: z.boolean(),
    /** Null: it works; else what LVM says, such as `out_of_data`. */
    health: z.string().nullable(),
  }),
)
export type ThinPool = z.infer<typeof ThinPool>

export const LogicalVolume = z.lazy(() =>
  z.object({
    address: Address,
    name: z.string(),
    uuid: z.string(),
    /** As LVM has it: `linear`, `thin`, `snapshot`, `raid1`… */
    kind: z.string(),
    size: Bytes,
    /** Blocks that it takes; null where LVM does not tell: not active. Of one that is not thin: all of them. */
    used: Bytes.nullable(),
    /** The thin pool that its blocks are of. */
    pool: z.string().nullable(),
    /** The volume that it is a snapshot of. */
    origin: z.string().nullable(),
    /** Where it can be opened; null: it is not active. */
    device: Path.nullable(),
    isOpen: z.boolean(),
    readOnly: z.boolean(),
    health: z.string().nullable(),
  }),
)
export type LogicalVolume = z.infer<typeof LogicalVolume>

export const VolumeGroup = z.lazy(() =>
  z.object({
    name: z.string(),
    uuid: z.string(),
    size: Bytes,
    free: Bytes,
    extentSize: Bytes,
    /** Devices that belong to it and are not there. */
    missing: z.number().int().min(0),
    devices: z.array(z.object({ device: z.string(), size: Bytes, free: Bytes })),
    pools: z.array(ThinPool),
    volumes: z.array(LogicalVolume),
  }),
)
export type VolumeGroup = z.infer<typeof VolumeGroup>

/** A filesystem of a ZFS pool. */
export const ZfsDataset = z.lazy(() =>
  z.object({
    name: z.string(),
    used: Bytes,
    free: Bytes,
    /** What it may take at most, with all below it; null: all that there is. */
    quota: Bytes.nullable(),
    mountPoint: z.string().nullable(),
  }),
)

export const ZfsVolume = z.lazy(() =>
  z.object({
    address: Address,
    name: z.string(),
    size: Bytes,
    used: Bytes,
    /** What its present state takes, shared with snapshots and clones or not. */
    referenced: Bytes.optional(),
    blockSize: Bytes,
    /** What the pool keeps back for it; 0: it is sparse, and a full pool fails its writes. */
    reserved: Bytes,
    /** The snapshot that it is a clone of. */
    origin: z.string().nullable(),
    device: Path,
  }),
)
export type ZfsVolume = z.infer<typeof ZfsVolume>

export const ZfsSnapshot = z.lazy(() =>
  z.object({
    name: z.string(),
    used: Bytes,
    /** Of a volume. */
    size: Bytes.nullable(),
    /** Somebody keeps it from being destroyed so many times. */
    holds: z.number().int().min(0),
    clones: z.array(z.string()),
  }),
)

export const ZfsPool = z.lazy(() =>
  z.object({
    name: z.string(),
    size: Bytes,
    used: Bytes,
    free: Bytes,
    /** As ZFS has it: `ONLINE`, `DEGRADED`… */
    health: z.string(),
    readOnly: z.boolean(),
    datasets: z.array(ZfsDataset),
    volumes: z.array(ZfsVolume),
    snapshots: z.array(ZfsSnapshot),
  }),
)
export type ZfsPool = z.infer<typeof ZfsPool>

export const Subvolume = z.lazy(() =>
  z.object({
    id: z.number().int().min(0),
    /** From the top of its filesystem. */
    path: z.string(),
    uuid: z.string(),
    /** The subvolume that it is a snapshot of. */
    parentUuid: z.string().nullable(),
    /** What quotas count for it; null: they are not on. */
    quota: z
      .object({
        referenced: Bytes,
        exclusive: Bytes,
        mostReferenced: Bytes.nullable(),
        mostExclusive: Bytes.nullable(),
      })
      .nullable(),
  }),
)

export type Subvolume = z.infer<typeof Subvolume>

export const BtrfsPlace = z.lazy(() =>
  z.object({
    mountPoint: Path,
    device: z.string(),
    /** Space that is given to a kind of blocks, and what of it is used. */
    data: z.object({ size: Bytes, used: Bytes }),
    metadata: z.object({ size: Bytes, used: Bytes }),
    subvolumes: z.array(Subvolume),
  }),
)
export type BtrfsPlace = z.infer<typeof BtrfsPlace>

/** A container of APFS: its volumes share its space. */
export const ApfsPlace = z.lazy(() =>
  z.object({
    /** The disk that macOS makes of it, such as `/dev/disk1`. */
    device: z.string(),
    size: Bytes,
    /** Without what macOS could still purge, which it does not tell. */
    free: Bytes,
    /** The partitions, or whole disks, that it lies on. */
    stores: z.array(z.string()),
    volumes: z.array(
      z.object({
        device: z.string(),
        name: z.string().nullable(),
        /** As macOS has them: `System`, `Data`, `Preboot`… */
        roles: z.array(z.string()),
        used: Bytes,
        mountPoint: z.string().nullable(),
        isEncrypted: z.boolean(),
        isLocked: z.boolean(),
      }),
    ),
  }),
)
export type ApfsPlace = z.infer<typeof ApfsPlace>

/** A disk of macOS that is no APFS container. */
export const MacDiskPlace = z.lazy(() =>
  z.object({
    device: z.string(),
    size: Bytes,
    /** How it is connected, such as `PCI` or `Disk Image`; null: not told. */
    bus: z.string().nullable(),
    isInternal: z.boolean().nullable(),
    isSolidState: z.boolean().nullable(),
    partitions: z.array(
      z.object({
        device: z.string(),
        content: z.string().nullable(),
        name: z.string().nullable(),
        size: Bytes,
        mountPoint: z.string().nullable(),
      }),
    ),
  }),
)
export type MacDiskPlace = z.infer<typeof MacDiskPlace>

/** A folder in which images can lie: a mounted filesystem; of an agent a library. */
export const FolderPlace = z.lazy(() =>
  z.object({
    path: Path,
    place: HostPlaceView,
    /** What of the free space is kept for root, and not counted as free; null: not told. */
    reserved: Bytes.nullable(),
    readOnly: z.boolean(),
    /** Of BitLocker: `On` or `Off`; left out: not told. */
    protection: z.string().optional(),
    /** Of the filesystem, where it is told. */
    clusterSize: Bytes.optional(),
    /** What Windows has switched on of it, such as `HyperV`; left out: nothing. */
    deduplication: z.string().optional(),
  }),
)
export type FolderPlace = z.infer<typeof FolderPlace>

/** Where images can be on a host (L1), as it is now. */
export const PlacesView = z.lazy(() =>
  z.object({
    groups: z.array(VolumeGroup),
    zpools: z.array(ZfsPool),
    btrfs: z.array(BtrfsPlace),
    /** Of Hyper-V; left out: the host has no such machines. */
    machines: z.array(HyperVMachine).optional(),
    /** Of UTM, Parallels Desktop and VMware Fusion; left out: the host is no Mac. */
    macMachines: z.array(MacMachine).optional(),
    /** Of WSL; left out: the host has none. */
    distributions: z.array(WslDistribution).optional(),
    /** Containers of APFS; left out: the host is no Mac. */
    apfs: z.array(ApfsPlace).optional(),
    /** Disks of macOS; left out: the host is no Mac. */
    macDisks: z.array(MacDiskPlace).optional(),
    folders: z.array(FolderPlace),
    /** What is there and could not be read, and why. */
    unread: z.array(z.object({ what: z.string(), reason: z.string(), remedy: z.string() })),
  }),
)
export type PlacesView = z.infer<typeof PlacesView>

export const PlacesQuery = z.object({ host: HostName })
