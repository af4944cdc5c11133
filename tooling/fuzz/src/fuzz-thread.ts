import type { Worker } from 'node:worker_threads'
import { endThread } from '@varve/engine/system/end-thread'
import { startThread, threadFile } from '@varve/engine/run/start-thread'
import type { Input } from './make-input.ts'
import type { FromWorker, Outcomes, ToWorker, WorkerSetup } from './messages.ts'
import type { Failure, RunResult } from './run-input.ts'
import type { Seed } from './seed.ts'

/** Wall time after which an input counts as hanging; processor time, which is what is limited, is measured inside. */
const patienceMs = 20_000
const pollMs = 500

export interface BatchResult {
  readonly outcomes: Outcomes
  readonly failures: readonly { readonly index: number; readonly failure: Failure }[]
  /** Index after the last input that came to an end. */
  readonly next: number
}

/** A thread that feeds inputs to the engine; one that hangs or dies is replaced. */
export class FuzzThread implements AsyncDisposable {
  readonly #seeds: readonly Seed[]
  readonly #progress = new SharedArrayBuffer(4)
  #worker: Worker | null = null

  constructor(seeds: readonly Seed[]) {
    this.#seeds = seeds
  }

  /** Runs inputs `from` to `from + count`, or up to one that hangs or kills the thread. */
  async batch(run: number, from: number, count: number): Promise<BatchResult> {
    const failures: { index: number; failure: Failure }[] = []
    let outcomes: Outcomes = {}
    Atomics.store(new Int32Array(this.#progress), 0, from)
    const ended = await this.#ask({ type: 'batch', run, from, count }, (message) => {
      if (message.type === 'failure') failures.push({ index: message.index, failure: message.failure })
      if (message.type === 'batch-done') outcomes = message.outcomes
      return message.type === 'batch-done'
    })
    if (ended === null) return { outcomes, failures, next: from + count }
    const index = Atomics.load(new Int32Array(this.#progress), 0)
    return { outcomes, failures: [...failures, { index, failure: ended }], next: index + 1 }
  }

  async input(input: Input): Promise<RunResult> {
    let result: RunResult = { outcome: 'none' }
    const ended = await this.#ask({ type: 'input', input }, (message) => {
      if (message.type === 'input-done') result = message.result
      return message.type === 'input-done'
    })
    return ended === null ? result : { failure: ended }
  }

  async #ask(question: ToWorker, isLast: (message: FromWorker) => boolean): Promise<Failure | null> {
    const worker = (this.#worker ??= await startWorker({ seeds: this.#seeds, progress: this.#progress }))
    const counter = new Int32Array(this.#progress)
    const failure = await new Promise<Failure | null>((done) => {
      let seen = Atomics.load(counter, 0)
      let since = Date.now()
      const finish = (outcome: Failure | null) => {
        clearInterval(timer)
        worker.off('message', onMessage).off('error', onError).off('exit', onExit)
        done(outcome)
      }
      const onMessage = (message: FromWorker) => {
        if (isLast(message)) finish(null)
      }
      const onError = (error: unknown) => finish(crashed(error))
      const onExit = (code: number) => finish(crashed(new Error(`the thread ended with ${code}`)))
      const timer = setInterval(() => {
        const index = Atomics.load(counter, 0)
        if (index !== seen) since = Date.now()
        seen = index
        if (Date.now() - since > patienceMs) finish(hanging)
      }, pollMs)
      worker.on('message', onMessage).on('error', onError).on('exit', onExit)
      worker.postMessage(question)
    })
    if (failure !== null) await this[Symbol.asyncDispose]()
    return failure
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    if (worker) await endThread(worker)
  }
}

const hanging: Failure = {
  kind: 'hang',
  signature: 'hang',
  message: `no end after ${patienceMs / 1000} s`,
  stack: '',
}

function crashed(error: unknown): Failure {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return {
    kind: 'crash',
    signature: `crash ${message}`,
    message,
    stack: error instanceof Error ? (error.stack ?? '') : '',
  }
}

async function startWorker(setup: WorkerSetup): Promise<Worker> {
  const worker = startThread(threadFile('worker', import.meta.url), {
    workerData: setup,
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  })
  await new Promise<void>((ready, fail) => {
    worker.once('message', () => ready())
    worker.once('error', fail)
  })
  return worker
}
