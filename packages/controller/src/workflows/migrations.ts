import { randomBytes } from 'node:crypto'
import { planMigrate } from '@varve/core/operations/plan-migrate'
import { DiskError } from '@varve/core/problems/disk-error'
import type { MigrationRequest, MigrationView, PlanView } from '@varve/protocol/migrations'
import type { ImageReportView } from '@varve/protocol/reports'
import { timestamp } from '../clock.ts'
import type { Forget } from '../forget.ts'
import type { Services } from '../router/context.ts'
import { write, type Db, type Queries } from '../store/database.ts'
import { imageRow } from '../store/images-store.ts'
import {
  addMigration,
  changeMigration,
  findMigration,
  findMigrationByKey,
  findStep,
  migrationView,
  idsWithNumber,
  recentMigrationIds,
  unfinishedMigrations,
  type LiveNumbers,
  type Migration,
} from '../store/migrations-store.ts'
import type { CarryOut } from './carry-out.ts'
import { gatherFacts, isUsualReading, toPlanView, unacceptedWarnings } from './facts.ts'
import type { Runner } from './runner.ts'

export interface MigrationsOptions {
  readonly db: Db
  readonly runner: Runner
  readonly carryOut: CarryOut
  readonly isConnected: (host: string) => boolean
  /** A fresh report of the request's image, read as it says; keeps nothing. */
  readonly inspect: (request: MigrationRequest, signal: AbortSignal | undefined) => Promise<ImageReportView>
  readonly liveOf: (id: string) => LiveNumbers
  readonly forget: () => Pick<Forget, 'migration' | 'migrations'>
  readonly onChange: (id: string) => void
  readonly note: (tx: Queries, id: string, title: string) => void
  readonly onError: (error: unknown) => void
}

/** What the API does with migrations. */
export interface Migrations {
  readonly service: Services['migrations']
  /** At start-up: every unfinished migration gets a run again. */
  resume(): Promise<void>
}

export function createMigrations(options: MigrationsOptions): Migrations {
  const { db, runner, carryOut, isConnected } = options

  function view(id: string): MigrationView {
    const found = migrationView(db, id, options.liveOf(id))
    if (!found) throw new DiskError('not-in-fleet', { file: id, kind: 'migration' })
    return found
  }

  async function ensureRun(migration: Migration): Promise<void> {
    const runId = await runner.ensureRun(migration.id, migration.runId)
    if (runId !== migration.runId) changeMigration(db, migration.id, { runId })
  }

  /** The inventory knows images as they are usually read; another reading is asked of the host. */
  async function planOf(request: MigrationRequest, signal: AbortSignal | undefined): Promise<PlanView> {
    const facts = { isConnected, exceptId: null }
    if (isUsualReading(request.reading)) return toPlanView(planMigrate(gatherFacts(db, request, facts)))
    const report = await options.inspect(request, signal)
    return toPlanView(planMigrate(gatherFacts(db, request, { ...facts, report })))
  }

  const service: Services['migrations'] = {
    async plan(request, signal) {
      return await planOf(request, signal)
    },

    async start({ idempotencyKey, accepted, ...request }, signal) {
      const known = findMigrationByKey(db, idempotencyKey)
      if (known) return view(known.id)
      const plan = await planOf(request, signal)
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
          steps: plan.steps,
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
        options.note(
          tx,
          id,
          `Migration of ${row.host}:${row.name} to ${request.targetHost}:${request.name} was started`,
        )
      })
      options.onChange(id)
      const migration = findMigration(db, id)
      if (migration) ensureRun(migration).catch(options.onError)
      return view(id)
    },

    cancel(id) {
      const migration = write(db, (tx) => requestCancel(tx, id, options.note))
      carryOut.interrupt(id)
      if (migration.runId !== null) runner.wake(migration.runId)
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
    async resume() {
      for (const migration of unfinishedMigrations(db)) await ensureRun(migration)
    },
  }
}

/** How a migration ended that cannot be canceled any more; one that was canceled may be canceled again. */
const overWords: Partial<Record<Migration['state'], string>> = { succeeded: 'succeeded', failed: 'failed' }

/** Puts up the fence, unless publishing has begun or all is over. */
function requestCancel(tx: Queries, id: string, note: MigrationsOptions['note']): Migration {
  const migration = findMigration(tx, id)
  if (!migration) throw new DiskError('not-in-fleet', { file: id, kind: 'migration' })
  const over = overWords[migration.state]
  if (over !== undefined)
    throw new DiskError('already-over', { file: `migration ${migration.number}`, state: over })
  if (migration.cancelRequested || migration.state === 'canceled') return migration
  const publish = findStep(tx, id, 'publish')
  if (publish && publish.attempt > 0) {
    throw new DiskError('refused', {
      file: migration.target.name,
      reason: 'it is getting its final name already; there is no way back from that',
      remedy: 'Wait for the end, then remove the new image if you do not want it. The source was only read.',
    })
  }
  changeMigration(tx, id, { cancelRequested: true, state: 'canceling' })
  note(tx, id, `Migration of ${migration.source.host}:${migration.source.name} is being canceled`)
  return migration
}
