import { randomBytes } from 'node:crypto'
import { DiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import type { Plan, Refusal } from '@varve/operations/plans/plan'
import { isPastReturn, runState } from '@varve/operations/runs/run-state'
import type { MigrationRequest, MigrationView } from '@varve/protocol/migrations'
import type { PlanView } from '@varve/protocol/plans'
import type { ImageReportView } from '@varve/protocol/reports'
import { timestamp } from '../clock.ts'
import type { Forget } from '../forget.ts'
import type { Services } from '../router/context.ts'
import type { Runs } from '../runs/runs.ts'
import { write, type Db, type Queries } from '../store/database.ts'
import { imageRow } from '../store/images-store.ts'
import {
  addMigration,
  changeFacts,
  changeMigration,
  findMigration,
  findMigrationByKey,
  migrationView,
  idsWithNumber,
  recentMigrationIds,
  unfinishedMigrations,
  type LiveNumbers,
  type Migration,
} from '../store/migrations-store.ts'
import { entriesOfRun, findRun } from '../store/runs-store.ts'
import { aftermathOf } from './aftermath.ts'
import { gatherFacts, isUsualReading, planOf, unacceptedWarnings, viewOf } from './facts.ts'

export interface MigrationsOptions {
  readonly db: Db
  readonly runs: Pick<Runs, 'begin' | 'cancel'>
  readonly isConnected: (host: string) => boolean
  /** A fresh report of the request's image, read as it says; keeps nothing. */
  readonly inspect: (request: MigrationRequest, signal: AbortSignal | undefined) => Promise<ImageReportView>
  readonly liveOf: (id: string) => LiveNumbers
  readonly forget: () => Pick<Forget, 'migration' | 'migrations'>
  readonly onChange: (id: string) => void
  readonly note: (tx: Queries, id: string, title: string) => void
}

/** What the API does with migrations. */
export interface Migrations {
  readonly service: Services['migrations']
  /** At start-up: ends what a controller of an earlier version had not finished. */
  endOrphans(): void
}

export function createMigrations(options: MigrationsOptions): Migrations {
  const { db, runs, isConnected } = options

  function view(id: string): MigrationView {
    const found = migrationView(db, id, options.liveOf(id))
    if (!found) throw new DiskError('not-in-fleet', { file: id, kind: 'migration' })
    return found
  }

  /** The inventory knows images as they are usually read; another reading is asked of the host. */
  async function planFor(
    request: MigrationRequest,
    accepted: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<{ readonly plan: Plan | Refusal; readonly view: PlanView }> {
    const usual = isUsualReading(request.reading)
    const fresh = usual ? {} : { report: await options.inspect(request, signal) }
    const facts = gatherFacts(db, request, { isConnected, exceptId: null, ...fresh })
    const source = imageRow(db, request.image) ?? { library: '', name: request.image }
    const plan = planOf(facts, { source, request, accepted })
    return { plan, view: viewOf(plan, facts) }
  }

  const service: Services['migrations'] = {
    async plan(request, signal) {
      return (await planFor(request, [], signal)).view
    },

    async start({ idempotencyKey, accepted, ...request }, signal) {
      const known = findMigrationByKey(db, idempotencyKey)
      if (known) return view(known.id)
      const { plan, view: shown } = await planFor(request, accepted, signal)
      const row = imageRow(db, request.image)
      if (!row) throw new DiskError('not-in-fleet', { file: request.image, kind: 'image' })
      if (plan.kind === 'refusal') {
        const reason = plan.problems.map(({ message }) => message).join('; ')
        throw new DiskError('refused', {
          file: row.name,
          reason,
          remedy: plan.problems[0]?.remedy ?? 'Plan the migration again.',
        })
      }
      const open = unacceptedWarnings(plan, accepted)
      if (open.length > 0) {
        throw new DiskError('refused', {
          file: row.name,
          reason: `the plan has warnings that nobody has accepted: ${open.map(({ id }) => id).join(', ')}`,
          remedy: 'Read the warnings of the plan, and accept them by their ids.',
        })
      }
      const id = randomBytes(9).toString('hex')
      write(db, (tx) => {
        addMigration(tx, {
          id,
          idempotencyKey,
          source: { host: row.host, library: row.library, name: row.name },
          target: { host: request.targetHost, library: request.targetLibrary, name: request.name },
          at: timestamp(),
          facts: {
            request,
            accepted,
            warnings: plan.warnings,
            sourceFormat: row.format,
            virtualSize: row.virtualSize,
            dataBytes: plan.estimate.bytes,
            copyBytes: null,
            copied: null,
            readBack: null,
            sourceDigest: null,
            targetDigest: null,
            verified: false,
            error: null,
            aftermath: null,
            undoFailed: [],
            waitingFor: [],
          },
        })
        runs.begin(tx, { id, idempotencyKey, request: { ...request }, accepted, plan, view: shown })
        options.note(
          tx,
          id,
          `Migration of ${row.host}:${row.name} to ${request.targetHost}:${request.name} was started`,
        )
      })
      options.onChange(id)
      return view(id)
    },

    cancel(id) {
      if (mayCancel(db, id)) {
        const { source } = findMigration(db, id) ?? {}
        runs.cancel(id)
        options.note(db, id, `Migration of ${source?.host ?? ''}:${source?.name ?? ''} is being canceled`)
      }
      options.onChange(id)
      return view(id)
    },

    forget: (id) => options.forget().migration(id),
    clear: (states) => options.forget().migrations(states),

    list({ limit, number }) {
      const ids = number === null ? recentMigrationIds(db, limit) : idsWithNumber(db, number)
      return ids.map(view)
    },

    get(id) {
      return migrationView(db, id, options.liveOf(id))
    },
  }

  return {
    service,
    endOrphans() {
      for (const migration of unfinishedMigrations(db))
        if (!findRun(db, migration.id)) endOrphan(db, migration)
    },
  }
}

/** How a migration ended that cannot be canceled any more; one that was canceled may be canceled again. */
const overWords: Partial<Record<Migration['state'], string>> = { succeeded: 'succeeded', failed: 'failed' }

/** Whether there is anything to cancel; throws when it is over, or there is no way back. */
function mayCancel(db: Queries, id: string): boolean {
  const migration = findMigration(db, id)
  if (!migration) throw new DiskError('not-in-fleet', { file: id, kind: 'migration' })
  const over = overWords[migration.state]
  if (over !== undefined)
    throw new DiskError('already-over', { file: `migration ${migration.number}`, state: over })
  if (migration.cancelRequested || migration.state === 'canceled') return false
  if (!isPastReturn(runState(entriesOfRun(db, id), id))) return true
  throw new DiskError('refused', {
    file: migration.target.name,
    reason: 'it is getting its final name already; there is no way back from that',
    remedy: 'Wait for the end, then remove the new image if you do not want it. The source was only read.',
  })
}

/** What a controller of an earlier version had begun cannot be gone on with. */
function endOrphan(db: Db, migration: Migration): void {
  const { id, source, target } = migration
  const error = toErrorRecord(
    new DiskError('refused', {
      file: source.name,
      reason: 'an update of the controller ended it',
      remedy: 'Start the migration again.',
    }),
    source.name,
  )
  const remains = {
    part: 'file',
    mayBePublished: true,
    waitingFor: [],
    undoFailed: [],
    remedy: error.remedy,
    source: 'there',
  } as const
  write(db, (tx) => {
    changeMigration(tx, id, { state: 'failed', finishedAt: timestamp() })
    changeFacts(tx, id, {
      error,
      aftermath: `${aftermathOf({ source, target }, remains)} "varve leftovers" finds a part file.`,
    })
  })
}
