import type { HostPlace } from './image-files.ts'
import type { InternalSnapshot, LayerIdentity } from './image-facts.ts'
import type { FormatName } from './format-rules.ts'
import type { LayerNumber } from '../problems/layer-number.ts'
import type { Problem } from '../problems/problem.ts'
import type { GuestContents } from '../guest/guest-contents.ts'

/** `read`: parsed from the disk; `recognised`: a signature only; `told`: the host says so; `none`: nothing there; `unknown`: not looked or not readable. */
export type LayerSureness = 'read' | 'recognised' | 'told' | 'none' | 'unknown'

/** A run of one layer, on the axis of the virtual disk (L1: of the file). */
export interface Band {
  readonly start: number
  readonly length: number
  readonly kind: 'partition' | 'volume' | 'filesystem' | 'swap' | 'gap' | 'file'
  readonly label: string
  /** Bytes in use inside the band, where the layer knows. */
  readonly used: number | null
  readonly free: number | null
}

/** A piece of a layer's line; the first says the most. */
export interface SummaryPart {
  readonly text: string
  /** `warn`: it asks for attention. */
  readonly tone: 'plain' | 'warn'
}

export interface LayerReport {
  readonly layer: LayerNumber
  readonly sure: LayerSureness
  /** One line for people, such as `GPT, both copies agree`: the parts with dots between them. */
  readonly summary: string
  readonly parts: readonly SummaryPart[]
  readonly notes: readonly string[]
  readonly bands: readonly Band[]
}

/** One file of the backing chain. */
export interface ChainLink {
  readonly path: string
  readonly format: FormatName
  readonly subformat: string | null
  readonly virtualSize: number | null
  readonly fileSize: number
  readonly allocated: number | null
  readonly clusterSize: number | null
  readonly identity: LayerIdentity
}

/**
 * What lies where, in at most 2,048 equal cells over the virtual disk.
 * Each string has two hexadecimal digits per cell: the share of the cell in 255ths, rounded up when not zero.
 */
export interface AllocationSummary {
  /** Bytes per cell; the last cell may be shorter. */
  readonly cellSize: number
  readonly data: string
  readonly zero: string
  /** Allocated here, but free in the guest; null when no filesystem told. */
  readonly reclaimable: string | null
  /** Totals over the disk, in bytes. */
  readonly dataBytes: number
  readonly zeroBytes: number
  readonly absentBytes: number
}

/** Why a layer holds bytes that the one above does not need. */
export type ReclaimKind = 'guest-free' | 'zeros' | 'snapshots' | 'container-slack' | 'file-slack'

/** What reclaiming would give at one layer, and how. */
export interface ReclaimShare {
  /** The layer whose action gives the bytes back. */
  readonly layer: LayerNumber
  readonly kind: ReclaimKind
  /** An estimate; null where only reading all data would tell. */
  readonly bytes: number | null
  readonly message: string
  readonly remedy: string
}

/** Everything `inspect` finds out about an image, layer by layer. */
export interface ImageReport {
  readonly path: string
  readonly format: FormatName
  readonly subformat: string | null
  readonly virtualSize: number | null
  readonly fileSize: number
  /** Bytes the image's own files take on the host (L1); null when the host does not tell. */
  readonly allocated: number | null
  /** The image itself first, its base last. */
  readonly chain: readonly ChainLink[]
  /** L7 first, L0 last; always eight. */
  readonly layers: readonly LayerReport[]
  readonly guest: GuestContents | null
  readonly allocation: AllocationSummary | null
  /** Bytes allocated at L2 that the guest's filesystems do not use (an estimate), or null when unknown. */
  readonly reclaimable: number | null
  /** What reclaiming would give, guest layers first. */
  readonly reclaim: readonly ReclaimShare[]
  readonly snapshots: readonly InternalSnapshot[]
  readonly details: Readonly<Record<string, string | number | boolean | null>>
  readonly place: HostPlace
  readonly problems: readonly Problem[]
}
