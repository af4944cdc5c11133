import type { RunOptions } from '@varve/engine/run/run-options'
import type { ActionContext } from './adapter.ts'

/** How the engine runs a transfer for an action. */
export function runOptions({ ports, signal, onProgress }: ActionContext): RunOptions {
  const { pool, workers, mainThread } = ports
  return {
    signal,
    pool,
    ...(workers !== undefined && { workers }),
    ...(mainThread && { mainThread }),
    onProgress: (progress) => onProgress({ of: 'transfer', progress }),
  }
}
