import type { ParentImage } from './parent-image.ts'
import type { KeptIdentity } from './kept-identity.ts'

/**
 * When a new image takes its room. `off`: as data comes. `metadata`: every block has its place, which is a hole until data
 * comes. `falloc`: the file's blocks are reserved. `full`: they are written with zeros.
 */
export type Preallocation = 'off' | 'metadata' | 'falloc' | 'full'

/** The image below an overlay. */
export interface BackingReference {
  /** As the overlay writes it down: relative to its own folder, or absolute. */
  readonly name: string
  /** QEMU's name of its format. */
  readonly format: string
  /** What it says about itself, for formats whose overlays keep more of it than a name. */
  readonly parent?: ParentImage | undefined
}

/** What some formats let choose beyond their kind; `writableRules` says which. */
export interface WriteChoices {
  /** qcow2: L2 entries of 128 bits, so that a cluster is allocated by 32 subclusters. */
  readonly extendedL2?: boolean
  readonly preallocation?: Preallocation
  /** The image holds only what differs from this one. */
  readonly backing?: BackingReference
  /** What it goes on being known by, where it takes the place of another image. */
  readonly identity?: KeptIdentity | undefined
  /** VHDX: bytes of the sectors that the guest sees. */
  readonly logicalSectorSize?: LogicalSectorSize | undefined
  /** OVA, UTM, Parallels: the machine that its description asks for. */
  readonly cpus?: number | undefined
  /** Bytes, whole MiB. */
  readonly memory?: number | undefined
  readonly firmware?: Firmware | undefined
  readonly architecture?: Architecture | undefined
  /** The system that is on the disk. */
  readonly guest?: GuestSystem | undefined
}

export type LogicalSectorSize = 512 | 4096
export type Firmware = 'bios' | 'efi'
export type Architecture = 'x86_64' | 'aarch64'
export type GuestSystem = 'linux' | 'windows'
