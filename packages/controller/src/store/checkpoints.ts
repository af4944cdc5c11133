import { Worker } from 'node:worker_threads'

/** Pages of the log, 64 MiB, from which on it begins anew. */
const mostPages = 16_384

export interface CheckpointOptions {
  readonly onError: (error: unknown) => void
}

/** Copies the write-ahead log of the database at `path` into it from a thread, so that no answer waits for the disk. */
export interface Checkpoints {
  /** Whether writers are held off now, for some 100 ms: a write that can wait should. */
  isHolding(): boolean
  stop(): Promise<void>
}

/** Starts the thread; when it fails, SQLite copies the log itself, see `openDatabase`. */
export function startCheckpoints(path: string, { onError }: CheckpointOptions): Checkpoints {
  const isBundled = !import.meta.url.endsWith('.ts')
  const file = new URL(`./checkpoint-thread.${isBundled ? 'cjs' : 'ts'}`, import.meta.url)
  const holding = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(file, {
    workerData: { path, everyMs: 1000, mostPages, holding },
    execArgv: [],
  })
  worker.on('error', onError)
  worker.unref()
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  return {
    isHolding: () => Atomics.load(holding, 0) !== 0,
    async stop() {
      // Terminated while it loads SQLite, it would abort the process: it ends by itself.
      worker.ref()
      worker.postMessage('end')
      await ended
    },
  }
}
