import { availableParallelism } from 'node:os'
import type { RunOptions } from './run-options.ts'
import { chunkSize } from '@varve/core/digest/disk-digest'
import { maxSeats } from './chunk-board.ts'

/** Four saturate any disk; each takes about 35 MiB, and a run has to stay below 256. */
const mostWorkers = 4
/** Data for which one more thread is worth its start. */
const bytesPerThread = 32 * 1024 * 1024

export interface Workload {
  /** Chunks of the disk. */
  readonly chunks: number
  /** Bytes that the files of the input take at most; not said: as much as there are chunks. */
  readonly storedBytes?: number
}

/** Threads worth starting, this one included when it helps. */
export function workerCount({ chunks, storedBytes = Infinity }: Workload, { workers }: RunOptions): number {
  const bytes = Math.min(storedBytes, chunks * chunkSize)
  const wanted = workers ?? Math.min(availableParallelism(), mostWorkers, bytes / bytesPerThread)
  return Math.max(1, Math.min(Math.ceil(wanted), chunks, maxSeats))
}
