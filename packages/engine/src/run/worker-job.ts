import type { ByteRange } from '@varve/core/ranges/byte-range'
import type { WriteChoices } from '@varve/core/image/image-choices'
import type { ErrorRecord } from '@varve/core/problems/disk-error'
import type { DiskInput, DiskOutput } from './requests.ts'
import type { BoardMemory } from './chunk-board.ts'
import type { WriteTarget } from './write-all.ts'

/** The output as workers see it: opened by the main thread, whose descriptors are valid in every thread. */
export interface SharedOutput extends Omit<DiskOutput, 'choices'> {
  readonly choices: WriteChoices
  /** The image first, then its parts. */
  readonly targets: readonly WriteTarget[]
  readonly virtualSize: number
  readonly id: string
  /** Whether blocks may be shared with the files that are read. */
  readonly sharesBlocks: boolean
  /** The writer's state, shared by all threads. */
  readonly state: SharedArrayBuffer
}

/** What one worker thread does until no chunk is left. */
export type WorkerJob =
  | {
      readonly do: 'convert'
      readonly input: DiskInput
      readonly board: BoardMemory
      readonly output: SharedOutput
    }
  | {
      readonly do: 'digest'
      readonly input: DiskInput
      readonly board: BoardMemory
      readonly sha256: boolean
    }
  | { readonly do: 'compare'; readonly inputs: readonly [DiskInput, DiskInput]; readonly board: BoardMemory }

/** A job as a worker thread gets it; what it says last is `done`, `turned-away` or `failed`. */
export interface JobOrder {
  readonly job: WorkerJob
  /** Its place among the threads of the run. */
  readonly seat: number
}

/** What a worker says. */
export type WorkerMessage =
  /** Leaves of chunks that are not all zeros: 32 bytes for each index. */
  | { readonly say: 'leaves'; readonly indexes: Uint32Array; readonly leaves: Uint8Array }
  | { readonly say: 'differs'; readonly at: number }
  /** What a rescue of that file read as zeros because it could not be read. */
  | { readonly say: 'zeroed'; readonly file: string; readonly ranges: readonly ByteRange[] }
  | { readonly say: 'sha256'; readonly hex: string }
  | { readonly say: 'failed'; readonly error: ErrorRecord }
  /** The server takes no further connection: the thread did nothing. */
  | { readonly say: 'turned-away'; readonly error: ErrorRecord }
  | { readonly say: 'done' }
