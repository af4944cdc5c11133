import type { Problem } from '../problems/problem.ts'

/** How sure a finding is: parsed and consistent, parsed with contradictions, or only a signature seen. */
export type Certainty = 'consistent' | 'damaged' | 'signature'

export interface Partition {
  /** As the guest numbers it: 1, 2, …; logical partitions start at 5. */
  readonly index: number
  /** Bytes from the start of the disk. */
  readonly start: number
  readonly length: number
  /** GPT type GUID in upper case, MBR type byte as `0x83`, a label's own number as `bsd:7`. */
  readonly type: string
  readonly typeName: string
  readonly name: string | null
  readonly uuid: string | null
  readonly bootable: boolean
  /** `nested` lies inside a slice, by that slice's own label; `whole` stands for a whole disk or slice and is no place of its own. */
  readonly role: 'primary' | 'extended' | 'logical' | 'nested' | 'whole'
  /** What its label calls it where that is no number: `a` on BSD, `s0` on Solaris. */
  readonly slice?: string | undefined
  /** The partition inside whose label it is listed. */
  readonly within?: number | undefined
}

/** Tables that Unix systems keep instead of an MBR, or inside one of its partitions. */
export type LabelKind = 'bsd' | 'disklabel64' | 'sun' | 'sgi' | 'solaris' | 'unixware' | 'minix'

/** A label inside a partition of the table. */
export interface InnerTable {
  readonly kind: LabelKind
  readonly within: number
  readonly id: string | null
}

/** L4. `none` with a filesystem at 0 is a "superfloppy". */
export interface PartitionTable {
  readonly kind: 'gpt' | 'mbr' | 'hybrid' | 'apm' | LabelKind | 'none'
  readonly sure: Certainty
  readonly sectorSize: number
  readonly id: string | null
  readonly partitions: readonly Partition[]
  /** In words: "both copies agree", "the backup was used". */
  readonly notes: readonly string[]
  /** Labels inside its partitions; what they list stands in `partitions` too. */
  readonly inner?: readonly InnerTable[] | undefined
  /** Bytes of the disk at which the boot records of the logical partitions stand; they may lie anywhere between those. */
  readonly records?: readonly number[] | undefined
}

/** L5: what sits between a partition and its filesystems. */
export interface VolumeFinding {
  readonly start: number
  readonly length: number
  readonly type:
    | 'lvm2'
    | 'luks1'
    | 'luks2'
    | 'bitlocker'
    | 'mdraid'
    | 'apfs-container'
    | 'corestorage'
    | 'ldm'
    | 'storage-spaces'
  readonly sure: Certainty
  readonly label: string | null
  readonly uuid: string | null
  /** The group it belongs to, such as the LVM volume group. */
  readonly group: string | null
  readonly members: readonly VolumeMember[]
  readonly notes: readonly string[]
  /** Where what is inside lies in it, where that is one run that it tells of (LUKS). */
  readonly payload?: VolumePayload | undefined
}

/** What is inside a volume, as one run. */
export interface VolumePayload {
  /** Byte of the volume at which it begins. */
  readonly at: number
  /** Whether it ends where its place does, however large that is. */
  readonly isDynamic: boolean
}

/** A logical volume. `segments` are the parts of this disk that hold it. */
export interface VolumeMember {
  readonly name: string
  readonly length: number
  readonly segments: readonly { readonly start: number; readonly length: number }[]
}

/** L6. */
export interface FilesystemFinding {
  readonly start: number
  /** Of the partition or volume it sits on. */
  readonly length: number
  readonly type: string
  readonly sure: Certainty
  readonly label: string | null
  readonly uuid: string | null
  /** Of the filesystem itself, in bytes. */
  readonly size: number | null
  readonly used: number | null
  readonly free: number | null
  readonly blockSize: number | null
  /** Bytes of the sectors it was made for, where it says so (FAT, NTFS, exFAT). */
  readonly sectorSize?: number | undefined
  readonly state: 'clean' | 'dirty' | 'unknown'
  /** A session of its guest is saved in it: what is written to it from outside breaks that session. */
  readonly isHibernated?: boolean | undefined
  /** Of how many devices it is, where it tells (Btrfs). */
  readonly devices?: number | undefined
  /** What it has that its tools change no size with (ext: bigalloc). */
  readonly fixedBy?: string | undefined
  readonly notes: readonly string[]
  /** Free bytes by region of the disk, where the filesystem tells cheaply (ext: block groups); in order. */
  readonly freeByRegion: readonly { readonly start: number; readonly length: number; readonly free: number }[]
}

/** L4–L6 of one disk. */
export interface GuestContents {
  readonly table: PartitionTable
  readonly volumes: readonly VolumeFinding[]
  readonly filesystems: readonly FilesystemFinding[]
  readonly problems: readonly Problem[]
}
