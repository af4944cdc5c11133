import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { endThread } from '../system/end-thread.ts'
import { startThread, threadFile } from './start-thread.ts'
import type { WorkerStart } from './worker-start.ts'

/** Threads that go from one run to the next: starting one costs as much as converting 100 MiB. Disposal ends all. */
export class WorkerPool implements AsyncDisposable {
  readonly #idle: Worker[] = []
  readonly #all = new Set<Worker>()

  /** Starts threads that will be wanted soon. */
  prepare(count: number): void {
    while (this.#idle.length < count) {
      const worker = this.#start()
      worker.unref()
      this.#idle.push(worker)
    }
  }

  /** An idle thread, or a new one; it is the taker's until it is given back or dismissed. */
  take(): Worker {
    const worker = this.#idle.pop() ?? this.#start()
    worker.ref()
    return worker
  }

  /** The thread has nothing to do: its last job is over. */
  give(worker: Worker): void {
    if (!this.#all.has(worker)) return
    worker.unref()
    this.#idle.push(worker)
  }

  /** Ends a thread whatever it does. */
  async dismiss(worker: Worker): Promise<void> {
    this.#all.delete(worker)
    await endThread(worker)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#all].map(async (worker) => this.dismiss(worker)))
  }

  #start(): Worker {
    const start: WorkerStart = { codeCache: codeCacheFolder() }
    const worker = startThread(threadFile('worker', import.meta.url), {
      workerData: start,
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    })
    this.#all.add(worker)
    worker.on('exit', () => {
      this.#all.delete(worker)
      const place = this.#idle.indexOf(worker)
      if (place !== -1) this.#idle.splice(place, 1)
    })
    return worker
  }
}

/** What the program gave `enableCompileCache`; Node adds a folder for its version to that. */
function codeCacheFolder(): string | null {
  const folder = getCompileCacheDir()
  return folder === undefined ? null : dirname(folder)
}
