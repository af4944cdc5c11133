import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { DiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import { endThread } from '@varve/engine/system/end-thread'
import { startThread, threadFile } from '@varve/engine/run/start-thread'
import type { HowToRead, InspectAnswer, Inspection, InspectQuestion } from './inspect-messages.ts'

const mostThreads = 4
/** An image that takes longer is given up, and its thread with it. */
const patienceMs = 60_000
/** A thread that needs more is ended: no image may take the agent down. */
const threadMemoryMb = 512
/** What an inspection leaves is collected while it is in the processor's cache: a fifth faster, and 100 MB less. */
const youngMemoryMb = 4

interface Task extends InspectQuestion {
  readonly settle: (inspection: Inspection) => void
}

interface Thread {
  readonly worker: Worker
  task: Task | null
  timer: NodeJS.Timeout | null
}

export interface InspectPoolOptions {
  /** Nothing outside these folders is opened. */
  readonly roots: readonly string[]
  readonly threads?: number
  readonly patienceMs?: number
  /** The code of a thread; tests bring one that misbehaves. */
  readonly workerUrl?: URL
}

/** Inspects images in threads of their own, so that thousands of them hold up neither streams nor the controller. */
export class InspectPool implements AsyncDisposable {
  readonly #options: InspectPoolOptions
  readonly #threads: Thread[] = []
  readonly #waiting: Task[] = []
  #lastId = 0
  #isClosed = false

  constructor(options: InspectPoolOptions) {
    this.#options = options
  }

  /** Looks at one image; what the look throws is its outcome, `no-progress` when it takes too long. */
  async inspect(path: string, how: HowToRead = { format: null }): Promise<Inspection> {
    if (this.#isClosed) return endedBy(new DiskError('canceled', { file: path, what: 'the inspection' }))
    const { promise, resolve } = Promise.withResolvers<Inspection>()
    this.#lastId += 1
    this.#waiting.push({ id: this.#lastId, path, how, settle: resolve })
    this.#next()
    return promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    const canceled = (path: string) => new DiskError('canceled', { file: path, what: 'the inspection' })
    for (const task of this.#waiting.splice(0)) task.settle(endedBy(canceled(task.path)))
    const threads = this.#threads.splice(0)
    for (const thread of threads) this.#finish(thread, (path) => endedBy(canceled(path)))
    await Promise.all(threads.map(async ({ worker }) => endThread(worker)))
  }

  #next(): void {
    const limit = this.#options.threads ?? Math.min(availableParallelism(), mostThreads)
    while (this.#waiting.length > 0) {
      let thread = this.#threads.find(({ task }) => task === null)
      if (!thread && this.#threads.length < limit) thread = this.#hire()
      if (!thread) return
      this.#give(thread, this.#waiting.shift())
    }
    for (const { worker, task } of this.#threads) {
      if (task) worker.ref()
      else worker.unref()
    }
  }

  #give(thread: Thread, task: Task | undefined): void {
    if (!task) return
    const seconds = (this.#options.patienceMs ?? patienceMs) / 1000
    thread.task = task
    thread.timer = setTimeout(() => {
      const during = 'the inspection'
      this.#drop(thread, (file) => new DiskError('no-progress', { file, during, seconds }))
    }, seconds * 1000)
    thread.worker.ref()
    const { id, path, how } = task
    thread.worker.postMessage({ id, path, how } satisfies InspectQuestion)
  }

  #hire(): Thread {
    const url = this.#options.workerUrl ?? threadFile('inspect-worker', import.meta.url)
    const worker = startThread(url, {
      workerData: { roots: this.#options.roots },
      resourceLimits: { maxOldGenerationSizeMb: threadMemoryMb, maxYoungGenerationSizeMb: youngMemoryMb },
    })
    const thread: Thread = { worker, task: null, timer: null }
    worker.on('message', (answer: InspectAnswer) => {
      if (thread.task?.id !== answer.id) return
      this.#finish(thread, () => answer)
      this.#next()
    })
    const died = (reason: string) =>
      this.#drop(thread, (file) => new DiskError('input-output', { file, reason }))
    worker.on('error', (error) =>
      died(`looking at it failed: ${error instanceof Error ? error.message : ''}`),
    )
    worker.on('exit', (code) => died(`looking at it ended early with code ${code}`))
    this.#threads.push(thread)
    return thread
  }

  /** Ends a thread that failed; the next image gets a new one. */
  #drop(thread: Thread, why: (file: string) => DiskError): void {
    const at = this.#threads.indexOf(thread)
    if (at < 0) return
    this.#threads.splice(at, 1)
    endThread(thread.worker).catch(() => {})
    this.#finish(thread, (file) => endedBy(why(file)))
    this.#next()
  }

  #finish(thread: Thread, inspection: (file: string) => Inspection): void {
    const { task, timer } = thread
    if (timer) clearTimeout(timer)
    thread.task = null
    thread.timer = null
    task?.settle(inspection(task.path))
  }
}

function endedBy(error: DiskError): Inspection {
  return { outcome: { error: toErrorRecord(error, error.file) }, asked: [], parts: [] }
}
