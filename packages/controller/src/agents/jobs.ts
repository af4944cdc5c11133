import { randomBytes } from 'node:crypto'
import { DiskError, fromErrorRecord, toErrorRecord } from '@varve/core/problems/disk-error'
import type { Hello, JobReport } from '@varve/protocol/agent'
import type { JobProgress } from '@varve/protocol/job-progress'
import {
  NbdEndpoint,
  type JobKind,
  type JobRequestOf,
  type JobResult,
  type JobResultOf,
} from '@varve/protocol/jobs'
import { timestamp } from '../clock.ts'
import { write, type Db } from '../store/database.ts'
import type { HostSession } from '../store/hosts-store.ts'
import {
  addCommand,
  addJob,
  endJob,
  findJob,
  findJobByKey,
  hasRunningJobs,
  jobsOfOtherInstances,
  removeJob,
  runningJobs,
  type Job,
} from '../store/jobs-store.ts'
import type { JobOutcome } from '../store/payload-kinds.ts'
import type { Sessions } from './sessions.ts'

export interface StartJobOptions {
  /** A repeated call with the same key waits for the same job, also after a restart of the controller. */
  readonly idempotencyKey: string
  /** The run that it does a step of; left out: none. */
  readonly runId?: string | null
  /** For people: what the job is, such as `Pull web01.qcow2`. */
  readonly title: string
  readonly noProgressSeconds: number
  readonly signal: AbortSignal
  readonly onProgress?: (progress: JobProgress) => void
}

/** Work on hosts: started once, watched for lack of progress, ended exactly once. */
export interface Jobs {
  /** Starts a job on `host`, or attaches to the one with the same key; throws a coded error when it fails. */
  start<K extends JobKind>(
    host: string,
    request: JobRequestOf<K>,
    options: StartJobOptions,
  ): Promise<JobResultOf<K>>
  /** Lets a job that has ended be started again under its key. */
  forget(idempotencyKey: string): void
  /** What an agent says of its jobs; a late word on a job that has ended changes nothing. */
  report(from: HostSession, reports: readonly JobReport[]): void
  /** After a hello: jobs of an earlier instance are gone, jobs nobody wants any more are canceled. */
  reconcile(host: HostSession, hello: Hello): void
  /** Fails what runs on a host that is put out, and what reads from it elsewhere, whose agents are told to stop. */
  endWork(host: string, error: DiskError): void
  /** Fails what runs on a host that is forgotten. */
  giveUp(host: string): void
  stop(): void
}

export interface JobsOptions {
  readonly db: Db
  readonly sessions: Sessions
  /** How long an agent may be away before its jobs fail. */
  readonly graceMs: number
  /** How long an agent may take to confirm a cancel. */
  readonly cancelMs: number
  readonly onChange: (host: string) => void
  readonly onError: (error: unknown) => void
}

interface Waiter {
  readonly settle: (outcome: JobOutcome) => void
  readonly onProgress: ((progress: JobProgress) => void) | undefined
}

/** The agent's own time-out comes first; this much later the controller gives up by itself. */
const watchSlackMs = 10_000

export function createJobs(options: JobsOptions): Jobs {
  const { db, sessions } = options
  const waiters = new Map<string, Set<Waiter>>()
  const lastProgress = new Map<string, number>()
  /** Jobs that this controller has told to stop. */
  const canceled = new Set<string>()
  const watch = setInterval(
    () => {
      try {
        watchJobs()
      } catch (error) {
        options.onError(error)
      }
    },
    Math.max(50, Math.min(1000, options.graceMs / 4)),
  )

  function end(job: Job, outcome: JobOutcome): void {
    const isFirst = write(db, (tx) => endJob(tx, job.id, { outcome, at: timestamp() }))
    if (!isFirst) return
    lastProgress.delete(job.id)
    canceled.delete(job.id)
    const waiting = waiters.get(job.id) ?? []
    waiters.delete(job.id)
    for (const waiter of waiting) waiter.settle(outcome)
    options.onChange(job.host)
  }

  function fail(job: Job, error: DiskError): void {
    end(job, { kind: 'failed', error: toErrorRecord(error, error.file) })
  }

  function watchJobs(): void {
    for (const job of runningJobs(db, null)) {
      const agent = sessions.find(job.host)
      if (!agent || agent.awayMs > options.graceMs || agent.instance !== job.instance) {
        fail(job, agentGone(job))
        continue
      }
      if (!agent.isConnected) {
        lastProgress.set(job.id, Date.now())
        continue
      }
      const last = lastProgress.get(job.id)
      if (last === undefined) {
        lastProgress.set(job.id, Date.now())
        continue
      }
      if (Date.now() - last > job.noProgressSeconds * 1000 + watchSlackMs) {
        sessions.send(agent, { kind: 'cancel-job', jobId: job.id })
        fail(job, stalled(job))
      }
    }
  }

  /** Finds or starts the job, in one transaction. */
  function ensure(host: HostSession, request: JobRequestOf<JobKind>, settings: StartJobOptions): Job {
    const job = write(db, (tx) => {
      const known = findJobByKey(tx, settings.idempotencyKey)
      if (known) return known
      const started = {
        id: randomBytes(12).toString('base64url'),
        host: host.name,
        instance: host.instance,
        idempotencyKey: settings.idempotencyKey,
        runId: settings.runId ?? null,
        title: settings.title,
        request,
        noProgressSeconds: settings.noProgressSeconds,
        startedAt: timestamp(),
      }
      addJob(tx, started)
      return { ...started, outcome: null }
    })
    sessions.wake(host.name)
    options.onChange(host.name)
    return job
  }

  /** Tells the agent to stop and waits for its word, but not for ever. */
  function cancel(job: Job): NodeJS.Timeout | null {
    const agent = sessions.find(job.host)
    const giveUp = () => {
      fail(job, new DiskError('canceled', { file: job.host, what: job.title }))
    }
    if (!agent || agent.instance !== job.instance) {
      giveUp()
      return null
    }
    canceled.add(job.id)
    sessions.send(agent, { kind: 'cancel-job', jobId: job.id })
    if (agent.isConnected) return setTimeout(giveUp, options.cancelMs)
    giveUp()
    return null
  }

  function outcomeOf(
    job: Job,
    settings: Pick<StartJobOptions, 'signal' | 'onProgress'>,
  ): Promise<JobOutcome> {
    if (job.outcome) return Promise.resolve(job.outcome)
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | null = null
      const onAbort = () => {
        timer = cancel(job)
      }
      const waiter: Waiter = {
        onProgress: settings.onProgress,
        settle(outcome) {
          if (timer) clearTimeout(timer)
          settings.signal.removeEventListener('abort', onAbort)
          resolve(outcome)
        },
      }
      const waiting = waiters.get(job.id) ?? new Set()
      waiters.set(job.id, waiting.add(waiter))
      if (settings.signal.aborted) onAbort()
      else settings.signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  return {
    async start(host, request, settings) {
      const known = findJobByKey(db, settings.idempotencyKey)
      if (!known) settings.signal.throwIfAborted()
      const job =
        known ??
        ensure(
          await sessions.waitConnected(host, { timeoutMs: options.graceMs, signal: settings.signal }),
          request,
          settings,
        )
      const outcome = await outcomeOf(job, settings)
      if (outcome.kind === 'failed') throw fromErrorRecord(outcome.error)
      return expectKind(request.kind, outcome.result, host)
    },

    forget(idempotencyKey) {
      const job = findJobByKey(db, idempotencyKey)
      if (job?.outcome) write(db, (tx) => removeJob(tx, job.id))
    },

    report(from, reports) {
      for (const report of reports) {
        const job = findJob(db, report.jobId)
        if (!job || job.host !== from.name || job.instance !== from.instance) continue
        if (report.kind === 'progress') {
          if (job.outcome) continue
          lastProgress.set(job.id, Date.now())
          for (const waiter of waiters.get(job.id) ?? []) waiter.onProgress?.(report.progress)
          continue
        }
        if (report.kind === 'succeeded' && report.result.kind !== job.request.kind) {
          fail(job, wrongAnswer(job, report.result.kind))
          continue
        }
        const isStopping = report.kind === 'failed' && report.error.code === 'canceled'
        // Canceled, but not by us: the agent is being stopped.
        if (isStopping && !canceled.has(job.id)) fail(job, agentGone(job))
        else end(job, withoutJobId(report))
      }
    },

    reconcile(host, hello) {
      if (hello.jobs.length === 0 && !hasRunningJobs(db, host.name)) return
      for (const job of jobsOfOtherInstances(db, { host: host.name, instance: host.instance })) {
        fail(job, agentGone(job))
      }
      for (const jobId of hello.jobs) {
        const job = findJob(db, jobId)
        const isWanted = job !== null && job.outcome === null && job.instance === host.instance
        if (!isWanted) {
          write(db, (tx) =>
            addCommand(tx, { host: host.name, instance: host.instance }, { kind: 'cancel-job', jobId }),
          )
        }
      }
      for (const job of runningJobs(db, host.name)) lastProgress.set(job.id, Date.now())
    },

    endWork(host, error) {
      for (const job of runningJobs(db, null)) {
        const agent = sessions.find(job.host)
        const isReader = job.host !== host && serverOf(job.request) === host
        if (isReader && agent) sessions.send(agent, { kind: 'cancel-job', jobId: job.id })
        if (isReader || job.host === host) fail(job, error)
      }
    },

    giveUp(host) {
      for (const job of runningJobs(db, host)) fail(job, agentGone(job))
    },

    stop() {
      clearInterval(watch)
      waiters.clear()
    },
  }
}

/** The host whose export a job reads over TLS; null: it reads none. */
function serverOf(request: Job['request']): string | null {
  if (request.kind === 'pull' || request.kind === 'measure') return request.endpoint.server ?? null
  const endpoint = request.kind === 'action' ? request.input['endpoint'] : null
  return NbdEndpoint.safeParse(endpoint).data?.server ?? null
}

function withoutJobId(report: Exclude<JobReport, { kind: 'progress' }>): JobOutcome {
  return report.kind === 'succeeded'
    ? { kind: 'succeeded', result: report.result }
    : { kind: 'failed', error: report.error }
}

function expectKind<K extends JobKind>(kind: K, result: JobResult, host: string): JobResultOf<K> {
  if (isOfKind(kind, result)) return result
  throw new DiskError('refused', {
    file: host,
    reason: `the agent on ${host} answered a ${kind} job with the result of ${result.kind}`,
    remedy: 'Update the agent and the controller to the same version.',
  })
}

function isOfKind<K extends JobKind>(kind: K, result: JobResult): result is JobResultOf<K> {
  return result.kind === kind
}

function agentGone(job: Job): DiskError {
  return new DiskError('agent-gone', { file: job.host, host: job.host })
}

function stalled(job: Job): DiskError {
  const { host, title, noProgressSeconds } = job
  return new DiskError('no-progress', { file: host, during: title, seconds: noProgressSeconds })
}

function wrongAnswer(job: Job, kind: string): DiskError {
  return new DiskError('refused', {
    file: job.host,
    reason: `the agent on ${job.host} answered a ${job.request.kind} job with the result of ${kind}`,
    remedy: 'Update the agent and the controller to the same version.',
  })
}
