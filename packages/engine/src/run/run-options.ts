import type { TransferProgress } from './requests.ts'
import type { WorkerPool } from './worker-pool.ts'

export type InUse = 'refuse' | 'ask' | 'accept'

export interface RunOptions {
  readonly signal?: AbortSignal
  /** Called at most four times a second and once at the end. */
  readonly onProgress?: (progress: TransferProgress) => void
  /** Threads that work; default: as many as pay, at most the number of processors and 4. */
  readonly workers?: number
  /**
   * `helps`: the calling thread is one of those that work, by blocking calls, and answers between chunks only. For a
   * program that has nothing else to do. Default `idle`: it only watches.
   */
  readonly mainThread?: 'helps' | 'idle'
  /**
   * `refuse` (the default): a disk with a file that others may write to is refused as `in-use`, also when they come while
   * it is read. `ask`: the same, and the error says how to accept it. `accept`: it is read as it lies on the medium, because
   * somebody has said so by name; that a file changes while it is read is refused all the same.
   */
  readonly inUse?: InUse | undefined
  /** Threads that several runs share, one run at a time or many; default: those of a run end with it. */
  readonly pool?: WorkerPool
}
