import type { PlanView } from '@varve/protocol/plans'
import type { Subject } from '@varve/operations/plans/plan'
import { JournalEntry, type Created } from '@varve/operations/runs/journal'
import type { RunPhase } from '@varve/operations/runs/run-state'
import { and, asc, desc, eq, inArray, isNotNull, isNull, notInArray } from 'drizzle-orm'
import { statement, type Queries } from './database.ts'
import { shownPlan } from './payload-kinds.ts'
import { decodePayload, encodePayload, type PayloadKind } from './payload.ts'
import { keepRunImages } from './run-images-store.ts'
import { runs, runSubjects } from './schema.ts'
import { decodeSealed, encodeSealed } from './sealed-payload.ts'

const journalEntry = {
  name: 'entry of a run',
  version: 1,
  schema: JournalEntry,
} as const satisfies PayloadKind<unknown>

export interface RunRow {
  readonly id: string
  readonly number: number
  readonly operation: string
  readonly phase: string
  readonly workflowId: string | null
  readonly startedAt: string
  readonly endedAt: string | null
  readonly plan: PlanView
}

export interface NewRunRow {
  readonly id: string
  readonly idempotencyKey: string
  readonly plan: PlanView
  readonly first: Created
}

/** Adds a run with the first entry of its journal, in the caller's transaction. */
export function addRun(db: Queries, run: NewRunRow): void {
  const { id, idempotencyKey, first } = run
  const { operation, subjects, steps } = first.plan
  const plan = encodePayload(shownPlan, run.plan)
  db.insert(runs).values({ id, idempotencyKey, operation, phase: 'waiting', startedAt: first.at, plan }).run()
  insertEntry.run(db, id, 0, encodeSealed(db, journalEntry, first))
  for (const { host, path } of subjects) insertSubject.run(db, id, host, path)
  for (const { host } of steps) insertSubject.run(db, id, host, noPath)
  keepRunImages(db, id, subjects)
}

/** A host that a run needs, whatever it works on there. */
const noPath = ''

const insertEntry = statement('INSERT INTO run_entries (runId, sequence, entry) VALUES (?, ?, ?)')
const insertSubject = statement('INSERT OR IGNORE INTO run_subjects (runId, host, path) VALUES (?, ?, ?)')
const changePhase = statement('UPDATE runs SET phase = ?, endedAt = ?, undoHosts = ? WHERE id = ?')
const entriesOf = statement<{ entry: string }>(
  'SELECT entry FROM run_entries WHERE runId = ? ORDER BY sequence',
)

export interface NewPhase {
  readonly phase: RunPhase
  readonly endedAt: string | null
  /** Hosts on which something is still to be undone. */
  readonly undoHosts: readonly string[]
}

/** Appends to the journal, with what the run is then; in the caller's transaction. */
export function appendEntry(
  db: Queries,
  id: string,
  entry: { readonly sequence: number; readonly value: JournalEntry } & NewPhase,
): void {
  insertEntry.run(db, id, entry.sequence, encodeSealed(db, journalEntry, entry.value))
  const { phase, endedAt, undoHosts } = entry
  changePhase.run(db, phase, endedAt, undoHosts.length === 0 ? null : JSON.stringify(undoHosts), id)
}

export function entriesOfRun(db: Queries, id: string): JournalEntry[] {
  return entriesOf.all(db, id).map(({ entry }) => decodeSealed(db, journalEntry, entry))
}

export function findRun(db: Queries, id: string): RunRow | null {
  const row = db.select().from(runs).where(eq(runs.id, id)).get()
  return row ? toRow(row) : null
}

export function findRunByKey(db: Queries, idempotencyKey: string): RunRow | null {
  const row = db.select().from(runs).where(eq(runs.idempotencyKey, idempotencyKey)).get()
  return row ? toRow(row) : null
}

export function idOfRunNumber(db: Queries, number: number): string | null {
  return db.select({ id: runs.id }).from(runs).where(eq(runs.number, number)).get()?.id ?? null
}

export function setWorkflow(db: Queries, id: string, workflowId: string): void {
  db.update(runs).set({ workflowId }).where(eq(runs.id, id)).run()
}

const anyOpen = statement<{ one: number }>('SELECT 1 AS one FROM runs WHERE endedAt IS NULL LIMIT 1')

/** Runs that are not over, oldest first. */
export function openRuns(db: Queries): RunRow[] {
  if (anyOpen.get(db) === undefined) return []
  return db.select().from(runs).where(isNull(runs.endedAt)).orderBy(asc(runs.number)).all().map(toRow)
}

const countOpen = statement<{ count: number }>(`
  SELECT COUNT(*) AS count FROM runs
  WHERE endedAt IS NULL AND operation NOT IN (SELECT value FROM json_each(?))`)

/** How many runs are not over, but for those of the operations `except`. */
export function countOpenRuns(db: Queries, except: readonly string[]): number {
  return countOpen.get(db, JSON.stringify(except))?.count ?? 0
}

const openAt = statement<{ id: string }>(`
  SELECT DISTINCT runs.id AS id FROM runs JOIN run_subjects ON run_subjects.runId = runs.id
  WHERE runs.endedAt IS NULL AND run_subjects.host = ?`)

/** Ids of the runs that are not over and need this host. */
export function openRunsAt(db: Queries, host: string): string[] {
  return openAt.all(db, host).map(({ id }) => id)
}

const undoAt = statement<{ id: string }>(`
  SELECT id FROM runs WHERE endedAt IS NOT NULL AND undoHosts IS NOT NULL
  AND EXISTS (SELECT 1 FROM json_each(undoHosts) WHERE value = ?) ORDER BY number`)

/** Ids of the runs that are over and have left something on this host. */
export function runsToUndoAt(db: Queries, host: string): string[] {
  return undoAt.all(db, host).map(({ id }) => id)
}

const openOn = statement<{ id: string; number: number; path: string }>(`
  SELECT runs.id AS id, runs.number AS number, run_subjects.path AS path
  FROM runs JOIN run_subjects ON run_subjects.runId = runs.id
  WHERE runs.endedAt IS NULL AND run_subjects.host = ? AND run_subjects.path = ? LIMIT 1`)

/** The run that is not over and works on one of these things; null: none does. */
export function busyRun(
  db: Queries,
  subjects: readonly Subject[],
): { readonly id: string; readonly number: number; readonly path: string } | null {
  for (const { host, path } of subjects) {
    const found = openOn.get(db, host, path)
    if (found) return found
  }
  return null
}

export interface RunFilter {
  readonly limit: number
  readonly state: 'all' | 'open' | 'ended'
  readonly host: string | null
  readonly operation: string | null
}

/** Ids of runs, the newest first; those of the operations `except` are in other lists. */
export function listRunIds(
  db: Queries,
  { limit, state, host, operation }: RunFilter,
  except: readonly string[],
): string[] {
  const ofHost =
    host === null
      ? undefined
      : inArray(
          runs.id,
          db.select({ id: runSubjects.runId }).from(runSubjects).where(eq(runSubjects.host, host)),
        )
  const phase =
    state === 'all' ? undefined : state === 'open' ? isNull(runs.endedAt) : isNotNull(runs.endedAt)
  return db
    .select({ id: runs.id })
    .from(runs)
    .where(
      and(
        ofHost,
        phase,
        notInArray(runs.operation, [...except]),
        operation === null ? undefined : eq(runs.operation, operation),
      ),
    )
    .orderBy(desc(runs.number))
    .limit(limit)
    .all()
    .map(({ id }) => id)
}

const forget = [
  'DELETE FROM commands WHERE jobId IN (SELECT id FROM jobs WHERE runId = ?)',
  'DELETE FROM jobs WHERE runId = ?',
  'DELETE FROM run_subjects WHERE runId = ?',
  'DELETE FROM run_images WHERE runId = ?',
  'DELETE FROM run_entries WHERE runId = ?',
  'DELETE FROM runs WHERE id = ?',
].map((sql) => statement(sql))

/** Removes a run with its journal and its jobs. */
export function forgetRun(db: Queries, id: string): void {
  for (const each of forget) each.run(db, id)
}

function toRow({ plan, ...row }: typeof runs.$inferSelect): RunRow {
  return { ...row, plan: decodePayload(shownPlan, plan) }
}
