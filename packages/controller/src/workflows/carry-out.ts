import { randomUUID } from 'node:crypto'
import type { MigrateStepId } from '@varve/core/operations/plan-migrate'
import { DiskError, isDiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import type { JobProgress, JobRequest } from '@varve/protocol/jobs'
import type { z } from 'zod'
import type { Jobs } from '../agents/jobs.ts'
import { timestamp } from '../clock.ts'
import { write, type Db } from '../store/database.ts'
import { imageRow } from '../store/images-store.ts'
import { jobsOfMigration } from '../store/jobs-store.ts'
import {
  changeFacts,
  changeMigration,
  changeStep,
  findMigration,
  findStep,
  linkTargetImages,
  listSteps,
  pendingCleanups,
  setCleanup,
  type Migration,
} from '../store/migrations-store.ts'
import type { Cleanup } from '../store/payload-kinds.ts'
import { aftermathOf } from './aftermath.ts'
import type { Transfers } from './transfers.ts'
import { decideAfterError, type StepContext, type StepEnd, type WorkflowStep } from './step.ts'

export const noProgressSeconds = 60

export interface CarryOutOptions {
  readonly db: Db
  readonly jobs: Jobs
  readonly steps: readonly WorkflowStep[]
  readonly isConnected: (host: string) => boolean
  readonly onChange: (migrationId: string) => void
  /** The numbers of the passes over the disk. */
  readonly transfers: Transfers
  /** An image has a new proof. */
  readonly onProven: (imageId: string) => void
  readonly note: (migrationId: string, title: string) => void
}

/** Runs the rows of the step table for migrations; what has happened is kept in the store, so that any call may be repeated. */
export interface CarryOut {
  /** One row of the table. Throws `RetryLater` to be called again, `Stopping` at the end of the process. */
  step(migrationId: string, step: WorkflowStep): Promise<StepEnd>
  /** Undoes what was done, last step first. */
  undo(migrationId: string): Promise<void>
  finish(migrationId: string, end: StepEnd): void
  /** Interrupts what a migration does now, because a cancel was kept in the store. */
  interrupt(migrationId: string): void
  /** Does the undo that waited for this host. */
  cleanUp(host: string): Promise<void>
  stop(): void
}

export class RetryLater extends Error {
  override readonly name = 'RetryLater'
}

class Stopping extends Error {
  override readonly name = 'Stopping'
}

export function createCarryOut(options: CarryOutOptions): CarryOut {
  const { db, jobs, steps, transfers } = options
  const stopping = new AbortController()
  const interrupts = new Map<string, AbortController>()
  const busy = new Set<string>()

  function expectMigration(id: string): Migration {
    const migration = findMigration(db, id)
    if (!migration) throw new Error(`migration ${id} is not in the store`)
    return migration
  }

  /** Writes that the step begins, unless a cancel came first. */
  function begin(id: string, step: WorkflowStep): number | null {
    return write(db, (tx) => {
      const migration = findMigration(tx, id)
      const row = findStep(tx, id, step.id)
      if (!migration || !row) throw new Error(`step ${step.id} of migration ${id} is not in the store`)
      const isResumed = row.state === 'running'
      if (migration.cancelRequested && !(step.pointOfNoReturn && row.attempt > 0)) return null
      const attempt = isResumed ? row.attempt : row.attempt + 1
      const startedAt = row.startedAt ?? timestamp()
      changeStep(tx, { migrationId: id, id: step.id }, { state: 'running', startedAt, attempt })
      if (migration.state === 'waiting') changeMigration(tx, id, { state: 'running' })
      return attempt
    })
  }

  function contextOf(id: string, step: WorkflowStep, attempt: number, signal: AbortSignal): StepContext {
    return {
      migration: expectMigration(id),
      attempt,
      signal,
      job(request, { host, title, key = request.kind, shownAs }) {
        signal.throwIfAborted()
        const idempotencyKey = key.startsWith('/') ? key : `/${id}/${step.id}/${attempt}/${key}`
        const onProgress = shownAs && ((progress: JobProgress) => transfers.note(id, shownAs, progress))
        return untilStopped(
          jobs.start(host, request, {
            idempotencyKey,
            migrationId: id,
            title,
            noProgressSeconds,
            signal,
            ...(onProgress && { onProgress }),
          }),
        )
      },
      output: <T>(name: MigrateStepId, schema: z.ZodType<T>): T =>
        schema.parse(findStep(db, id, name)?.output),
      ended: (pass, numbers) => transfers.end(id, pass, numbers),
      newestExport() {
        const last = jobsOfMigration(db, id).findLast(({ request }) => request.kind === 'export')
        return last?.request.kind === 'export' ? last.request.exportName : null
      },
    }
  }

  /** The promise, or `Stopping` when the process ends first. */
  function untilStopped<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const onStop = () => reject(new Stopping('the controller stops'))
      if (stopping.signal.aborted) onStop()
      stopping.signal.addEventListener('abort', onStop, { once: true })
      promise.then(resolve, reject).finally(() => stopping.signal.removeEventListener('abort', onStop))
    })
  }

  async function run(id: string, step: WorkflowStep): Promise<StepEnd> {
    const row = findStep(db, id, step.id)
    if (row?.state === 'done') return { kind: 'done' }
    const attempt = begin(id, step)
    if (attempt === null) return { kind: 'canceled' }
    options.onChange(id)
    const interrupt = new AbortController()
    interrupts.set(id, interrupt)
    if (expectMigration(id).cancelRequested && !step.pointOfNoReturn) interrupt.abort()
    const at = { migrationId: id, id: step.id }
    try {
      const { output, outcome } = await step.run(contextOf(id, step, attempt, interrupt.signal))
      write(db, (tx) => {
        changeStep(tx, at, { state: 'done', finishedAt: timestamp(), output: output ?? null, outcome })
      })
      return { kind: 'done' }
    } catch (error) {
      if (error instanceof Stopping || stopping.signal.aborted) throw error
      const { cancelRequested } = expectMigration(id)
      const next = decideAfterError(error, { step, attempt, cancelRequested })
      if (next.do === 'retry') {
        const reason = isDiskError(error) ? error.message : String(error)
        const outcome = `attempt ${attempt} of ${step.times}: ${reason}`
        write(db, (tx) => changeStep(tx, at, { state: 'waiting', outcome }))
        throw new RetryLater(outcome)
      }
      const outcome = next.do === 'cancel' ? 'canceled' : next.error.message
      write(db, (tx) => changeStep(tx, at, { state: 'failed', finishedAt: timestamp(), outcome }))
      return next.do === 'cancel' ? { kind: 'canceled' } : { kind: 'failed', error: next.error }
    } finally {
      interrupts.delete(id)
      transfers.keep(id)
      options.onChange(id)
    }
  }

  async function undoJobs(migration: Migration, step: WorkflowStep, remains: Cleanup[]): Promise<void> {
    await step.undo?.({
      migration,
      async undoJob(host, request) {
        if (!options.isConnected(host)) {
          if (request.kind === 'discard') remains.push({ host, requests: [request] })
          return
        }
        try {
          await runUndo(migration.id, host, { request, key: request.kind })
        } catch (error) {
          if (request.kind !== 'discard' || !isDiskError(error, 'agent-gone')) throw error
          remains.push({ host, requests: [request] })
        }
      },
    })
  }

  async function runUndo(
    id: string,
    host: string,
    { request, key }: { request: JobRequest; key: string },
  ): Promise<void> {
    const name =
      'pullId' in request ? request.pullId : 'exportName' in request ? request.exportName : request.kind
    await untilStopped(
      jobs.start(host, request, {
        idempotencyKey: `/${id}/undo/${key}/${name}`,
        migrationId: id,
        title: request.kind === 'discard' ? 'Remove an abandoned part file' : 'Close an export',
        noProgressSeconds,
        signal: stopping.signal,
      }),
    )
  }

  return {
    async step(id, step) {
      if (busy.has(id)) throw new RetryLater('another run carries out this migration')
      busy.add(id)
      try {
        return await run(id, step)
      } finally {
        busy.delete(id)
      }
    },

    async undo(id) {
      const migration = expectMigration(id)
      await untilStopped(jobs.abandon(id))
      const remains: Cleanup[] = []
      const failures: string[] = []
      for (const step of steps.toReversed()) {
        const row = findStep(db, id, step.id)
        if (!row || row.attempt === 0 || row.state === 'undone' || step.undo === null) continue
        try {
          await undoJobs(migration, step, remains)
          if (row.state === 'done') changeStep(db, { migrationId: id, id: step.id }, { state: 'undone' })
        } catch (error) {
          if (error instanceof Stopping) throw error
          // An export that cannot be closed is closed already, or it expires.
          if (step.id !== 'export') failures.push(error instanceof Error ? error.message : String(error))
        }
        options.onChange(id)
      }
      write(db, (tx) => {
        setCleanup(tx, id, remains)
        changeFacts(tx, id, { undoFailed: failures, waitingFor: remains.map(({ host }) => host) })
      })
    },

    finish(id, end) {
      const migration = expectMigration(id)
      if (['succeeded', 'failed', 'canceled'].includes(migration.state)) return
      write(db, (tx) => {
        const publish = findStep(tx, id, 'publish')
        for (const step of listSteps(tx, id)) {
          if (step.state === 'waiting') changeStep(tx, { migrationId: id, id: step.id }, { state: 'skipped' })
        }
        const finishedAt = timestamp()
        if (end.kind === 'done') {
          changeMigration(tx, id, { state: 'succeeded', finishedAt })
          linkTargetImages(tx, migration.target.host, migration.target.library)
          return
        }
        const error = end.kind === 'failed' ? end.error : canceledError(migration)
        const { undoFailed, waitingFor } = migration.facts
        const mayBePublished =
          (publish?.attempt ?? 0) > 0 && (end.kind !== 'failed' || end.error.code === 'agent-gone')
        const remedy = end.kind === 'failed' ? end.error.remedy : null
        const isThere = imageRow(tx, migration.imageId) !== null
        const source = !isThere ? 'gone' : error.code === 'source-changed' ? 'changed' : 'there'
        const remains = { mayBePublished, waitingFor, undoFailed, remedy, source } as const
        const aftermath = aftermathOf(migration, remains)
        changeMigration(tx, id, { state: end.kind, finishedAt })
        changeFacts(tx, id, { error, aftermath })
      })
      const words = { done: 'succeeded and is verified', failed: 'failed', canceled: 'was canceled' } as const
      const { source, target } = migration
      options.note(
        id,
        `Migration of ${source.host}:${source.name} to ${target.host}:${target.name} ${words[end.kind]}`,
      )
      options.onChange(id)
      if (end.kind === 'done') options.onProven(migration.imageId)
    },

    interrupt(id) {
      interrupts.get(id)?.abort(new DiskError('canceled', { file: id, what: 'the migration' }))
    },

    async cleanUp(host) {
      for (const { id, work } of pendingCleanups(db).filter((item) => concerns(item.work, host))) {
        const left = work.filter((item) => item.host !== host)
        for (const { requests } of work.filter((item) => item.host === host)) {
          // A key of its own: the undo may have failed before.
          const key = `late-${randomUUID()}`
          for (const request of requests) await runUndo(id, host, { request, key })
        }
        write(db, (tx) => {
          setCleanup(tx, id, left)
        })
        options.note(id, `The part file left on ${host} was removed`)
      }
    },

    stop() {
      stopping.abort()
    },
  }
}

function canceledError({ source }: Migration) {
  return toErrorRecord(new DiskError('canceled', { file: source.name, what: 'the migration' }), source.name)
}

function concerns(work: readonly Cleanup[], host: string): boolean {
  return work.some((item) => item.host === host)
}
