import { statSync } from 'node:fs'
import { workerCount } from '@varve/engine/run/worker-count'
import { WorkerPool } from '@varve/engine/run/worker-pool'

/**
 * The threads that a run over these files will want, beside this one. They start while the rest of the program is loaded,
 * which takes as long as they do; for small files there are none.
 */
export function startThreads(...files: readonly string[]): WorkerPool {
  const pool = new WorkerPool()
  const storedBytes = files.reduce((sum, file) => sum + sizeOf(file), 0)
  pool.prepare(workerCount({ chunks: Infinity, storedBytes }, {}) - 1)
  return pool
}

/** That a file cannot be read is said by who opens it. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size
  } catch {
    return 0
  }
}
