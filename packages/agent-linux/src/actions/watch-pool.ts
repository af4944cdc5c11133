import type { ActionContext, ToolBox } from '@varve/agent/actions/adapter'
import { DiskError } from '@varve/core/problems/disk-error'
import { poolUse } from '../tools/lvs/pool-use.ts'
import type { ThinPool } from './thin-pool-below.ts'

export interface PoolWatch extends AsyncDisposable {
  /** Aborts with the caller's signal, and when the pool is nearly full. */
  readonly signal: AbortSignal
  /** Why it was the pool; null: it was not. */
  readonly reason: DiskError | null
}

const pauseMs = 2000
/** Parts of a hundred of data or metadata: others write into the pool too, and one that is full freezes all its volumes. */
const fullAt = 97

/** Looks at a thin pool from time to time while one of its volumes is written to; null: nothing is to be watched. */
export function watchPool(watched: ThinPool | null, tools: ToolBox, signal: AbortSignal): PoolWatch {
  const full = new AbortController()
  let reason: DiskError | null = null
  let looking: Promise<void> | null = null
  const look = async ({ group, pool }: ThinPool) => {
    const { data, metadata } = await tools.run(poolUse(group, pool), { signal, file: `lvm:${group}/${pool}` })
    if (Math.max(data ?? 100, metadata ?? 100) < fullAt) return
    reason = new DiskError('refused', {
      file: `lvm:${group}/${pool}`,
      reason: `the thin pool is nearly full by now (data ${data ?? '?'} %, metadata ${metadata ?? '?'} %): others write into it too`,
      remedy: 'Make the pool larger (lvextend), or give blocks back (fstrim in the guests), and try again.',
      layer: 'L1',
    })
    full.abort(reason)
  }
  const timer =
    watched === null
      ? null
      : setInterval(() => {
          // A look that fails says nothing about the pool: the kernel tells when it is full.
          looking ??= look(watched)
            .catch(() => {})
            .finally(() => {
              looking = null
            })
        }, pauseMs)
  return {
    signal: AbortSignal.any([signal, full.signal]),
    get reason() {
      return reason
    },
    async [Symbol.asyncDispose]() {
      if (timer) clearInterval(timer)
      await looking
    },
  }
}

/** Does work under the watch of a thin pool; throws that the pool is nearly full where that ended it. */
export async function whileWatched<T>(
  pool: ThinPool | null,
  { ports, signal }: Pick<ActionContext, 'ports' | 'signal'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await using watch = watchPool(pool, ports.tools, signal)
  try {
    return await work(watch.signal)
  } catch (error) {
    throw watch.reason ?? error
  }
}
