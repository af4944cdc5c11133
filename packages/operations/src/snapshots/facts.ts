import type { FormatName } from '@varve/core/image/format-rules'
import type { Problem } from '@varve/core/problems/problem'

export interface SnapshotFact {
  readonly id: string
  readonly name: string
  /** Bytes of saved machine state. */
  readonly stateSize: number
}

/** What the host found of an image whose snapshots are wanted. */
export interface SnapshotFacts {
  readonly host: string
  /** Absolute. */
  readonly path: string
  readonly format: FormatName
  readonly virtualSize: number | null
  readonly snapshots: readonly SnapshotFact[]
  /** Who has it open, what is damaged, and tools that are missing. */
  readonly problems: readonly Problem[]
  /** The filesystem that the image lies on; null: not known. */
  readonly filesystem: string | null
  /** A name for the state from before, which nothing has yet. */
  readonly keepName: string
}

/** Facts for an overlay that is to be made over the image. */
export interface ExternalFacts extends SnapshotFacts {
  /** Absolute path of the overlay; null: none is wanted. */
  readonly overlay: string | null
  /** Whether something has that name already. */
  readonly isTaken: boolean
}
