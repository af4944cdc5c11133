import { migrationNumbers } from '@varve/protocol/migration-numbers'
import {
  MigrationState,
  MigrationStepView,
  type MigrationView,
  type PlanStepView,
} from '@varve/protocol/migrations'
import { and, asc, desc, eq, inArray } from 'drizzle-orm'
import { statement, type Queries } from './database.ts'
import {
  cleanup,
  migrationFacts,
  planStep,
  stepOutput,
  type Cleanup,
  type MigrationFacts,
} from './payload-kinds.ts'
import { decodePayload, encodePayload } from './payload.ts'
import { migrations, migrationSteps } from './schema.ts'

type Row = typeof migrations.$inferSelect
type StepRow = typeof migrationSteps.$inferSelect
export type StepState = MigrationStepView['state']

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
  readonly runId: string | null
  readonly facts: MigrationFacts
}

export interface Step {
  readonly id: string
  readonly state: StepState
  readonly attempt: number
  readonly startedAt: string | null
  readonly output: unknown
}

const unfinishedStates = ['waiting', 'running', 'canceling'] as const

export interface NewMigration {
  readonly id: string
  readonly idempotencyKey: string
  readonly source: ImagePlace
  readonly target: ImagePlace
  readonly facts: MigrationFacts
  readonly steps: readonly PlanStepView[]
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
  const rows = migration.steps.map((step, position) => ({
    migrationId: id,
    position,
    id: step.id,
    state: 'waiting',
    plan: encodePayload(planStep, step),
  }))
  db.insert(migrationSteps).values(rows).run()
}

export function findMigration(db: Queries, id: string): Migration | null {
  const row = db.select().from(migrations).where(eq(migrations.id, id)).get()
  return row ? toMigration(row) : null
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

type Change = Partial<Pick<Row, 'state' | 'cancelRequested' | 'finishedAt' | 'runId' | 'targetImageId'>>

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

export function findStep(db: Queries, migrationId: string, id: string): Step | null {
  const where = and(eq(migrationSteps.migrationId, migrationId), eq(migrationSteps.id, id))
  const row = db.select().from(migrationSteps).where(where).get()
  return row ? toStep(row) : null
}

export function listSteps(db: Queries, migrationId: string): Step[] {
  return stepRows(db, migrationId).map(toStep)
}

type StepChange = Partial<Pick<StepRow, 'startedAt' | 'finishedAt' | 'outcome' | 'attempt'>> & {
  readonly state?: StepState
  readonly output?: unknown
}

export function changeStep(db: Queries, step: { migrationId: string; id: string }, change: StepChange): void {
  const { output, ...columns } = change
  db.update(migrationSteps)
    .set(output === undefined ? columns : { ...columns, output: encodePayload(stepOutput, output) })
    .where(and(eq(migrationSteps.migrationId, step.migrationId), eq(migrationSteps.id, step.id)))
    .run()
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

export function setCleanup(db: Queries, id: string, work: readonly Cleanup[]): void {
  const text = work.length === 0 ? null : encodePayload(cleanup, [...work])
  db.update(migrations).set({ cleanup: text }).where(eq(migrations.id, id)).run()
}

/** Whether something of this migration is still to be undone on a host that was away. */
export function hasCleanup(db: Queries, id: string): boolean {
  return pendingCleanups(db).some((pending) => pending.id === id)
}

const cleanups = statement<{ id: string; cleanup: string | null }>(
  'SELECT id, cleanup FROM migrations WHERE cleanup IS NOT NULL ORDER BY number',
)

/** Undo that waits for a host to come back. */
export function pendingCleanups(db: Queries): { id: string; work: Cleanup[] }[] {
  return cleanups
    .all(db)
    .map((row) => ({ id: row.id, work: row.cleanup === null ? [] : decodePayload(cleanup, row.cleanup) }))
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
    steps: stepRows(db, id).map(toStepView),
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

function stepRows(db: Queries, migrationId: string): StepRow[] {
  return db
    .select()
    .from(migrationSteps)
    .where(eq(migrationSteps.migrationId, migrationId))
    .orderBy(asc(migrationSteps.position))
    .all()
}

function toStep(row: StepRow): Step {
  return {
    id: row.id,
    state: MigrationStepView.shape.state.parse(row.state),
    attempt: row.attempt,
    startedAt: row.startedAt,
    output: row.output === null ? null : decodePayload(stepOutput, row.output),
  }
}

function toStepView(row: StepRow): MigrationStepView {
  return {
    ...decodePayload(planStep, row.plan),
    state: MigrationStepView.shape.state.parse(row.state),
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    outcome: row.outcome,
    attempt: row.attempt,
  }
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
    runId: row.runId,
    facts: decodePayload(migrationFacts, row.data),
  }
}
