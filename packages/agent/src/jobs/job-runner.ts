import { setTimeout as sleep } from 'node:timers/promises'
import { DiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import { inRun } from '@varve/engine/in-use/run-locks'
import type { RunOfJob } from '@varve/protocol/agent'
import type { JobProgress } from '@varve/protocol/job-progress'
import { JobResult, type JobKind, type JobRequest, type JobResultOf } from '@varve/protocol/jobs'
import type { JobEnd, ManifestUpload, Outbox } from '../connection/outbox.ts'
import type { Logger } from '../platform/logger.ts'
import type { JobContext, JobHandler, JobPorts } from './job-context.ts'
import { jobTable, laneWidth, type JobLane } from './job-table.ts'
import { Lanes } from './lanes.ts'
import { StallWatch } from './stall-watch.ts'
import { TransferMeter } from './transfer-meter.ts'

/** How long a job may take to clean up after it was stopped, before its end is told anyway. */
const graceMs = 5000
/** A job that waits for its turn says so this often, so that nobody takes it for dead. */
const waitingMs = 5000
/** Ends that are kept to answer a command that comes again. */
const rememberedEnds = 200

export interface StartJob {
  readonly jobId: string
  readonly request: JobRequest
  readonly noProgressSeconds: number
  /** The run that it does a step of. */
  readonly run?: RunOfJob | undefined
}

export interface JobRunnerOptions {
  readonly ports: JobPorts
  readonly outbox: Outbox
  readonly log: Logger
  readonly table?: typeof jobTable
}

/** Runs the jobs of one agent; every job that was started ends in the outbox exactly once. */
export class JobRunner {
  readonly #options: JobRunnerOptions
  readonly #lanes = new Lanes<JobLane>(laneWidth)
  readonly #running = new Map<string, { stop: AbortController; ended: Promise<void> }>()
  readonly #ends = new Map<string, JobEnd>()

  constructor(options: JobRunnerOptions) {
    this.#options = options
  }

  get running(): string[] {
    return [...this.#running.keys()]
  }

  /** Starts a job. A job that runs goes on; one that has ended is told again. */
  start(job: StartJob): void {
    const { jobId } = job
    if (this.#running.has(jobId)) return
    const before = this.#ends.get(jobId)
    if (before) {
      this.#options.outbox.end({ ...before, manifest: null })
      return
    }
    const stop = new AbortController()
    const ended = this.#run(job, stop.signal)
    this.#running.set(jobId, { stop, ended })
  }

  /** Ends a job that never ran, with the reason. */
  refuse(jobId: string, error: DiskError): void {
    this.#end({ report: { kind: 'failed', jobId, error: toErrorRecord(error, error.file) }, manifest: null })
  }

  cancel(jobId: string): void {
    const running = this.#running.get(jobId)
    running?.stop.abort(new DiskError('canceled', { file: jobId, what: 'the job' }))
  }

  /** Cancels everything and waits until it is cleaned up, at most `limitMs`. */
  async stop(limitMs: number): Promise<void> {
    for (const jobId of this.running) this.cancel(jobId)
    const all = Promise.all([...this.#running.values()].map(({ ended }) => ended))
    await Promise.race([all, sleep(limitMs, undefined, { ref: false })])
  }

  async #run({ jobId, request, ...rest }: StartJob, signal: AbortSignal): Promise<void> {
    const { log } = this.#options
    const file = fileOf(request)
    const started = performance.now()
    let manifest: ManifestUpload | null = null
    const attach = (upload: ManifestUpload) => {
      manifest = upload
    }
    log.info({ jobId, kind: request.kind, file }, 'job started')
    try {
      const result = await this.#attempt({ jobId, request, ...rest }, signal, attach)
      this.#end({ report: { kind: 'succeeded', jobId, result }, manifest })
      log.info({ jobId, kind: request.kind, seconds: (performance.now() - started) / 1000 }, 'job succeeded')
    } catch (error) {
      const record = toErrorRecord(renamed(error, request), file)
      this.#end({ report: { kind: 'failed', jobId, error: record }, manifest: null })
      log.warn({ jobId, kind: request.kind, code: record.code, err: error }, 'job failed')
    } finally {
      this.#running.delete(jobId)
    }
  }

  async #attempt(
    { jobId, request, noProgressSeconds, run: of }: StartJob,
    canceled: AbortSignal,
    attachManifest: JobContext['attachManifest'],
  ): Promise<JobResult> {
    const { ports, outbox, table = jobTable } = this.#options
    using watch = new StallWatch(noProgressSeconds, { file: fileOf(request), during: `the ${request.kind}` })
    const signal = AbortSignal.any([canceled, watch.signal])
    const onProgress = (progress: JobProgress) => {
      watch.note(progress.done, progress.skipped ?? 0)
      outbox.progress({ kind: 'progress', jobId, progress })
    }
    const row = table[request.kind]
    const turn = await this.#turn(laneOf(row, request), canceled, onProgress)
    watch.start()
    const awake = ports.here.actions.keepAwake?.()
    const context: JobContext = { ports, signal, onProgress, onTransfer, attachManifest }
    // The union of requests and the table agree by kind, which the compiler cannot follow through a look-up.
    const run = row.run as JobHandler<JobKind>
    const perform = async (): Promise<JobResultOf<JobKind>> => {
      if (!of) return await run(request, context)
      await ports.locks.take(of)
      return await inRun(of.id, async () => run(request, context))
    }
    const work = perform().finally(() => {
      awake?.[Symbol.dispose]()
      turn[Symbol.dispose]()
    })
    const result = await Promise.race([work, rejectAfterAbort(signal, graceMs)]).catch((error: unknown) => {
      // What a stopped job says is that it was stopped; why it was stopped is worth more.
      throw signal.aborted && signal.reason instanceof DiskError ? signal.reason : error
    })
    return JobResult.parse(result)

    function onTransfer(transfer: Parameters<JobContext['onTransfer']>[0]) {
      const meter = new TransferMeter({ workers: ports.workers, ...transfer }, performance.now())
      return (progress: Parameters<TransferMeter['read']>[0]) =>
        onProgress(meter.read(progress, performance.now()))
    }
  }

  async #turn(
    lane: JobLane,
    signal: AbortSignal,
    onProgress: (progress: JobProgress) => void,
  ): Promise<Disposable> {
    const heartbeat = setInterval(() => onProgress(nothingDone), waitingMs)
    try {
      return await this.#lanes.enter(lane, signal)
    } finally {
      clearInterval(heartbeat)
    }
  }

  #end(end: JobEnd): void {
    this.#ends.set(end.report.jobId, { ...end, manifest: null })
    const [oldest] = this.#ends.keys()
    if (this.#ends.size > rememberedEnds && oldest !== undefined) this.#ends.delete(oldest)
    this.#options.outbox.end(end)
  }
}

const nothingDone: JobProgress = {
  done: 0,
  total: null,
  unit: 'bytes',
  seconds: null,
  skipped: null,
  rate: null,
  limitedBy: null,
  chunkMap: null,
}

/** The union of requests and the table agree by kind, which the compiler cannot follow through a look-up. */
function laneOf({ lane }: (typeof jobTable)[JobKind], request: JobRequest): JobLane {
  return typeof lane === 'string' ? lane : lane(request as never)
}

/** What the job is about, for messages. */
function fileOf(request: JobRequest): string {
  switch (request.kind) {
    case 'plan':
      return request.operation
    case 'action':
      return subjectOf(request.input) ?? request.action
    case 'quarantine':
      return 'quarantine'
    case 'proofs':
      return request.library
    case 'update':
      return request.build
    default:
      return 'target' in request ? request.target.name : request.name
  }
}

/** The path that an action is about, wherever it stands in its input. */
function subjectOf(input: unknown): string | null {
  if (typeof input !== 'object' || input === null) return null
  for (const key of ['target', 'path', 'image', 'source']) {
    const value = (input as Readonly<Record<string, unknown>>)[key]
    const found = typeof value === 'string' ? value : subjectOf(value)
    if (found !== null) return found
  }
  return null
}

/** A cancel names the file, not the job's id. */
function renamed(error: unknown, request: JobRequest): unknown {
  if (!(error instanceof DiskError) || error.code !== 'canceled') return error
  return new DiskError('canceled', { file: fileOf(request), what: `the ${request.kind}` }, { cause: error })
}

async function rejectAfterAbort(signal: AbortSignal, waitMs: number): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await sleep(waitMs, undefined, { ref: false })
  throw signal.reason
}
