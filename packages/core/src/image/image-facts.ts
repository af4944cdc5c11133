import type { Problem } from '../problems/problem.ts'
import type { FormatName } from './format-rules.ts'

/** Formats identify layers differently; a rule may compare only like with like. */
export type LayerIdentity =
  | { readonly kind: 'none' }
  /** VMDK: eight hexadecimal digits; says that content changed, it is not an identity of the disk. */
  | { readonly kind: 'content-id'; readonly cid: string }
  | { readonly kind: 'uuid'; readonly uuid: string }

/** What tells one state of a disk's content from a later one, as its format keeps it. */
export type ContentMark =
  /** A new one with the first write after the disk was opened (VDI). */
  { readonly kind: 'uuid'; readonly uuid: string } | { readonly kind: 'time'; readonly ms: number }

/** How a layer names its parent, exactly as written in its own metadata. */
export interface ParentReference {
  /** File names in the order in which to try them. */
  readonly names: readonly string[]
  /** The format that the child says its parent has; null: not said, so it must be detected. */
  readonly format: FormatName | null
  /** What the parent's identity must be, or null when the format does not say. */
  readonly identity: LayerIdentity | null
  /** Others that the parent may have instead (VHDX `parent_linkage2`). */
  readonly otherIdentities?: readonly LayerIdentity[]
  /** The mark of the parent's content when this layer was made, where the format keeps it. */
  readonly content?: ContentMark | undefined
}

export interface InternalSnapshot {
  readonly id: string
  readonly name: string
  readonly takenAt: string
  readonly virtualSize: number | null
  /** Bytes of saved machine state. */
  readonly stateSize: number
}

/** What one file (or one bundle) says about itself at L2; made for damaged images too. */
export interface ImageFacts {
  readonly format: FormatName
  /** `monolithicSparse`, `dynamic`, `version 3`…, or null when the format has none. */
  readonly subformat: string | null
  /** Bytes the guest sees; null when the header is too damaged to say. */
  readonly virtualSize: number | null
  /** Unit of allocation in bytes: cluster, grain, block; null when the format has none. */
  readonly clusterSize: number | null
  readonly identity: LayerIdentity
  /** The mark of this layer's own content, where the format keeps one. */
  readonly content?: ContentMark | undefined
  readonly parent: ParentReference | null
  /** Further files that hold parts of this layer, as named in its metadata. */
  readonly parts: readonly string[]
  readonly snapshots: readonly InternalSnapshot[]
  /** Facts of this format only, for people; keys are the specification's words. */
  readonly details: Readonly<Record<string, string | number | boolean | null>>
  /** Its disk is packed inside, and is not unpacked here: nothing of it is read. */
  readonly isSealed?: true
  readonly problems: readonly Problem[]
}
