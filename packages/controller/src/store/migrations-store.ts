import { migrationNumbers } from '@varve/protocol/migration-numbers'
import { MigrationState, MigrationStepView, type MigrationView } from '@varve/protocol/migrations'
import { and, asc, desc, eq, inArray } from 'drizzle-orm'
import { statement, type Queries } from './database.ts'
import { toRunView } from '../runs/run-view.ts'
import { isOver, runState } from '@varve/operations/runs/run-state'
import { migrationFacts, planStep, type MigrationFacts } from './payload-kinds.ts'
import { entriesOfRun, findRun } from './runs-store.ts'
import { decodePayload, encodePayload } from './payload.ts'
import { migrations, migrationSteps } from './schema.ts'

type Row = typeof migrations.$inferSelect

/** A place of an image: host, library, path inside it. */
export interface ImagePlace {
  readonly host: string
  readonly library: string
  readonly name: string
}

export interface Migration {
  readonly id: string
  readonly number: number
  readonly state: MigrationState
  readonly cancelRequested: boolean
  readonly imageId: string
  readonly source: ImagePlace
  readonly target: ImagePlace
  readonly facts: MigrationFacts
}

const unfinishedStates = ['waiting', 'running', 'canceling'] as const

export interface NewMigration {
  readonly id: string
  readonly idempotencyKey: string
  readonly source: ImagePlace
  readonly target: ImagePlace
  readonly facts: MigrationFacts
  readonly at: string
}

export function addMigration(db: Queries, migration: NewMigration): void {
  const { id, source, target } = migration
  db.insert(migrations)
    .values({
      id,
      idempotencyKey: migration.idempotencyKey,
      state: 'waiting',
      imageId: migration.facts.request.image,
      sourceHost: source.host,
      sourceLibrary: source.library,
      sourceName: source.name,
      targetHost: target.host,
      targetLibrary: target.library,
      targetName: target.name,
      startedAt: migration.at,
      data: encodePayload(migrationFacts, migration.facts),
    })
    .run()
}

export function findMigration(db: Queries, id: string): Migration | null {
  const row = db.select().from(migrations).where(eq(migrations.id, id)).get()
  return row ? toMigration(row) : null
}

const anyOfId = statement<{ one: number }>('SELECT 1 AS one FROM migrations WHERE id = ?')

/** Whether a run is a migration. */
export function isMigration(db: Queries, id: string): boolean {
  return anyOfId.get(db, id) !== undefined
}

export function findMigrationByKey(db: Queries, idempotencyKey: string): Migration | null {
  const row = db.select().from(migrations).where(eq(migrations.idempotencyKey, idempotencyKey)).get()
  return row ? toMigration(row) : null
}

const anyUnfinished = statement<{ one: number }>(
  'SELECT 1 AS one FROM migrations WHERE state IN (SELECT value FROM json_each(?)) LIMIT 1',
)

export function unfinishedMigrations(db: Queries): Migration[] {
  // Asked whenever a host comes or goes, and most of the time there are none.
  if (anyUnfinished.get(db, JSON.stringify(unfinishedStates)) === undefined) return []
  return db
    .select()
    .from(migrations)
    .where(inArray(migrations.state, [...unfinishedStates]))
    .orderBy(asc(migrations.number))
    .all()
    .map(toMigration)
}

/** The id of the migration of that number, or none. */
export function idsWithNumber(db: Queries, number: number): string[] {
  const row = db.select({ id: migrations.id }).from(migrations).where(eq(migrations.number, number)).get()
  return row ? [row.id] : []
}

/** Ids of the newest migrations, newest first. */
export function recentMigrationIds(db: Queries, limit: number): string[] {
  const rows = db
    .select({ id: migrations.id })
    .from(migrations)
    .orderBy(desc(migrations.number))
    .limit(limit)
    .all()
  return rows.map(({ id }) => id)
}

/** How far back failures are looked for: it bounds what the question costs. */
const mostLookedThrough = 1000

/** Ids of the newest migrations that ended, and of those that failed and were not made good since, each newest first. */
export function endedMigrationIds(db: Queries, limit: number): { ended: string[]; failed: string[] } {
  const rows = db
    .select({
      id: migrations.id,
      state: migrations.state,
      imageId: migrations.imageId,
      targetHost: migrations.targetHost,
    })
    .from(migrations)
    .orderBy(desc(migrations.number))
    .limit(mostLookedThrough)
    .all()
  const isUnfinished = (state: string) => unfinishedStates.some((one) => one === state)
  const madeGood = new Set<string>()
  const failed: string[] = []
  for (const { id, state, imageId, targetHost } of rows) {
    const way = `${imageId} ${targetHost}`
    if (state === 'succeeded' || isUnfinished(state)) madeGood.add(way)
    else if (state === 'failed' && !madeGood.has(way)) failed.push(id)
  }
  const ended = rows.filter(({ state }) => !isUnfinished(state)).map(({ id }) => id)
  return { ended: ended.slice(0, limit), failed: failed.slice(0, limit) }
}

/** Whether another unfinished migration is about to make this file. */
export function isTargetClaimed(db: Queries, target: ImagePlace, exceptId: string | null): boolean {
  const rows = db
    .select({ id: migrations.id })
    .from(migrations)
    .where(
      and(
        eq(migrations.targetHost, target.host),
        eq(migrations.targetLibrary, target.library),
        eq(migrations.targetName, target.name),
        inArray(migrations.state, [...unfinishedStates]),
      ),
    )
    .all()
  return rows.some(({ id }) => id !== exceptId)
}

type Change = Partial<Pick<Row, 'state' | 'cancelRequested' | 'finishedAt' | 'targetImageId'>>

export function changeMigration(db: Queries, id: string, change: Change): void {
  db.update(migrations).set(change).where(eq(migrations.id, id)).run()
}

/** Changes some of what the migration knows. */
export function changeFacts(db: Queries, id: string, change: Partial<MigrationFacts>): void {
  const migration = findMigration(db, id)
  if (!migration) return
  const data = encodePayload(migrationFacts, { ...migration.facts, ...change })
  db.update(migrations).set({ data }).where(eq(migrations.id, id)).run()
}

const unlinkedTargets = statement<{ id: string; imageId: string }>(`
  SELECT migrations.id AS id, images.id AS imageId FROM migrations
  JOIN images ON images.host = targetHost AND images.library = targetLibrary AND images.name = targetName
  WHERE targetHost = ? AND targetLibrary = ? AND migrations.state = 'succeeded' AND targetImageId IS NULL`)
const linkTarget = statement('UPDATE migrations SET targetImageId = ? WHERE id = ?')

/** Links succeeded migrations into a library with the images that have shown up there; gives the ids of these migrations. */
export function linkTargetImages(db: Queries, host: string, library: string): string[] {
  const found = unlinkedTargets.all(db, host, library)
  for (const { id, imageId } of found) linkTarget.run(db, imageId, id)
  return found.map(({ id }) => id)
}

/** Whether something of this migration is still to be removed on a host that was away. */
export function hasCleanup(db: Queries, id: string): boolean {
  return (findMigration(db, id)?.facts.waitingFor.length ?? 0) > 0
}

const left = statement<{ id: string }>(`
  SELECT runs.id AS id FROM runs JOIN migrations ON migrations.id = runs.id
  WHERE undoHosts IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(undoHosts) WHERE value = ?)`)

/** Ids of the migrations that have left something on this host. */
export function migrationsThatLeft(db: Queries, host: string): string[] {
  return left.all(db, host).map(({ id }) => id)
}

/** What is known of a migration that runs, and not kept yet. */
export type LiveNumbers = Pick<MigrationView, 'progress'> &
  Partial<Pick<MigrationView, 'copied' | 'readBack' | 'stall'>>

/** A migration as the wire shows it, with what the caller knows of its progress. */
export function migrationView(db: Queries, id: string, live: LiveNumbers): MigrationView | null {
  const row = db.select().from(migrations).where(eq(migrations.id, id)).get()
  if (!row) return null
  const { facts, source, target, state } = toMigration(row)
  const view: MigrationView = {
    id,
    number: row.number,
    state,
    image: row.imageId,
    source: { ...source, format: facts.sourceFormat, virtualSize: facts.virtualSize },
    target: {
      ...target,
      format: facts.request.format,
      subformat: facts.request.subformat ?? null,
      compression: facts.request.compression ?? 'none',
      imageId: row.targetImageId,
    },
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    steps: stepsOf(db, id),
    warnings: facts.warnings,
    progress: live.progress,
    stall: live.stall ?? null,
    copied: live.copied ?? facts.copied,
    readBack: live.readBack ?? facts.readBack,
    dataBytes: facts.dataBytes,
    copyBytes: facts.copyBytes,
    transferredBytes: null,
    averageRate: null,
    sourceDigest: facts.sourceDigest,
    targetDigest: facts.targetDigest,
    verified: facts.verified,
    error: facts.error,
    aftermath: facts.aftermath,
  }
  const { sent, averageRate } = migrationNumbers(view)
  return { ...view, transferredBytes: view.copied === null ? null : sent, averageRate }
}

/** The steps of its run; those of migrations of earlier versions, all over by now, are rows of their own. */
function stepsOf(db: Queries, id: string): MigrationStepView[] {
  const run = findRun(db, id)
  if (run === null) return earlierSteps(db, id)
  const state = runState(entriesOfRun(db, id), `run ${id}`)
  const { steps } = toRunView(run, state, { progress: null, waitsFor: null })
  const isDone = isOver(state)
  return steps.map(({ error, ...step }) => ({
    ...MigrationStepView.parse({
      ...step,
      state: step.state === 'waiting' && isDone ? 'skipped' : step.state,
    }),
    outcome: error?.message ?? step.outcome,
  }))
}

function earlierSteps(db: Queries, id: string): MigrationStepView[] {
  return db
    .select()
    .from(migrationSteps)
    .where(eq(migrationSteps.migrationId, id))
    .orderBy(asc(migrationSteps.position))
    .all()
    .map(({ plan, state, startedAt, finishedAt, outcome, attempt }) => ({
      ...decodePayload(planStep, plan),
      state: MigrationStepView.unwrap().shape.state.parse(state),
      startedAt,
      finishedAt,
      outcome,
      attempt,
    }))
}

function toMigration(row: Row): Migration {
  return {
    id: row.id,
    number: row.number,
    state: MigrationState.parse(row.state),
    cancelRequested: row.cancelRequested,
    imageId: row.imageId,
    source: { host: row.sourceHost, library: row.sourceLibrary, name: row.sourceName },
    target: { host: row.targetHost, library: row.targetLibrary, name: row.targetName },
    facts: decodePayload(migrationFacts, row.data),
  }
}
