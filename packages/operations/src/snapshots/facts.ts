import type { FormatName } from '@varve/core/image/format-rules'
import type { Problem } from '@varve/core/problems/problem'
import type { HyperVMachine } from '@varve/protocol/machines'

export interface SnapshotFact {
  readonly id: string
  readonly name: string
  /** Bytes of saved machine state. */
  readonly stateSize: number
  /** Bytes of the disk, where the snapshot is a file that is not as long as the image. */
  readonly size?: number
}

/** What the host found of an image whose snapshots are wanted: those in it, or of a raw one the files beside it. */
export interface SnapshotFacts {
  readonly host: string
  /** Absolute. */
  readonly path: string
  readonly format: FormatName
  readonly virtualSize: number | null
  readonly snapshots: readonly SnapshotFact[]
  /** Who has it open, what is damaged, and tools that are missing. */
  readonly problems: readonly Problem[]
  /** Whether that filesystem makes a file that shares the blocks of another, so that a raw image can have snapshots; null: no raw image of one file. */
  readonly sharesBlocks: boolean | null
  /** The filesystem that the image lies on; null: not known. */
  readonly filesystem: string | null
  /** The machine of Hyper-V whose disk it is, with its checkpoints as the snapshots; left out: it is none's. */
  readonly machine?: HyperVMachine
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
