import { Worker } from 'node:worker_threads'

/** Pages of the log, 96 MiB, from which on it begins anew. */
const mostPages = 24_576

export interface CheckpointOptions {
  readonly onError: (error: unknown) => void
}

/** Copies the write-ahead log of the database at `path` into it from a thread, so that no answer waits for the disk. */
export interface Checkpoints {
  stop(): Promise<void>
}

/** Starts the thread; when it fails, SQLite copies the log itself, see `openDatabase`. */
export function startCheckpoints(path: string, { onError }: CheckpointOptions): Checkpoints {
  const isBundled = !import.meta.url.endsWith('.ts')
  const file = new URL(`./checkpoint-thread.${isBundled ? 'mjs' : 'ts'}`, import.meta.url)
  const worker = new Worker(file, {
    workerData: { path, everyMs: 2000, mostPages },
    execArgv: [],
  })
  worker.on('error', onError)
  worker.unref()
  return {
    async stop() {
      await worker.terminate()
    },
  }
}
