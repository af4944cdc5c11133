import type { AgentCommand, RunOfJob } from '@varve/protocol/agent'
import type { JobRequest } from '@varve/protocol/jobs'
import { and, asc, eq, inArray, isNotNull, lt, ne, not, notInArray, or } from 'drizzle-orm'
import { statement, type Queries } from './database.ts'
import { agentCommand, jobOutcome, jobRequest, shownPlan, type JobOutcome } from './payload-kinds.ts'
import { decodePayload } from './payload.ts'
import { commands, jobs } from './schema.ts'
import { decodeSealed, encodeSealed } from './sealed-payload.ts'

export interface Job {
  readonly id: string
  readonly host: string
  /** Of the agent that was told to do it. */
  readonly instance: string
  readonly idempotencyKey: string
  readonly runId: string | null
  readonly title: string
  readonly request: JobRequest
  readonly outcome: JobOutcome | null
  readonly noProgressSeconds: number
  readonly startedAt: string
}

type JobRow = typeof jobs.$inferSelect

/** Adds a job and the command that starts it, in the caller's transaction. */
export function addJob(db: Queries, job: Omit<Job, 'outcome'>): void {
  const { request, ...columns } = job
  db.insert(jobs)
    .values({
      ...columns,
      kind: request.kind,
      request: encodeSealed(db, jobRequest, request),
      state: 'running',
    })
    .run()
  const { id: jobId, noProgressSeconds } = job
  const run = job.runId === null ? null : runOfJob(db, job.runId, job.host)
  addCommand(db, job, { kind: 'start-job', jobId, request, noProgressSeconds, ...(run && { run }) })
}

const runRow = statement<{ number: number; plan: string }>('SELECT number, plan FROM runs WHERE id = ?')
const pathsOfRun = statement<{ path: string }>(
  `SELECT path FROM run_subjects WHERE runId = ? AND host = ? AND path != ''`,
)

/** What the agent of a host is to know of the run that a job belongs to; null: it is none, or works on nothing there. */
function runOfJob(db: Queries, id: string, host: string): RunOfJob | null {
  const row = runRow.get(db, id)
  const paths = pathsOfRun.all(db, id, host).map(({ path }) => path)
  if (!row || paths.length === 0) return null
  const plan = decodePayload(shownPlan, row.plan)
  const operation = plan.kind === 'plan' ? plan.summary : plan.operation
  return { id, name: String(row.number), operation, paths }
}

export function findJob(db: Queries, id: string): Job | null {
  const row = db.select().from(jobs).where(eq(jobs.id, id)).get()
  return row ? toJob(db, row) : null
}

export function findJobByKey(db: Queries, idempotencyKey: string): Job | null {
  const row = db.select().from(jobs).where(eq(jobs.idempotencyKey, idempotencyKey)).get()
  return row ? toJob(db, row) : null
}

/** Jobs that have not ended; of one host or of all. */
export function runningJobs(db: Queries, host: string | null): Job[] {
  return db
    .select()
    .from(jobs)
    .where(and(eq(jobs.state, 'running'), host === null ? undefined : eq(jobs.host, host)))
    .orderBy(asc(jobs.startedAt))
    .all()
    .map((row) => toJob(db, row))
}

interface RunningJob {
  readonly host: string
  readonly jobId: string
  readonly kind: string
  readonly title: string
  readonly migrationId: string | null
}

const runningOf = statement<RunningJob>(`
  SELECT host, jobs.id AS jobId, kind, title, runId, (SELECT id FROM migrations WHERE migrations.id = runId) AS migrationId FROM jobs
  WHERE state = 'running' AND host IN (SELECT value FROM json_each(?)) ORDER BY startedAt`)

/** Jobs that run on these hosts, oldest first, in the words of a host's view. */
export function runningJobsOf(db: Queries, names: readonly string[]): RunningJob[] {
  return runningOf.all(db, JSON.stringify(names))
}

/** Keeps how a job ended; false when it had ended before, so that a late answer changes nothing. */
export function endJob(db: Queries, id: string, end: { outcome: JobOutcome; at: string }): boolean {
  const result = db
    .update(jobs)
    .set({ state: end.outcome.kind, outcome: encodeSealed(db, jobOutcome, end.outcome), finishedAt: end.at })
    .where(and(eq(jobs.id, id), eq(jobs.state, 'running')))
    .run()
  return result.changes > 0
}

/** Removes a job with its commands. */
export function removeJob(db: Queries, id: string): void {
  db.delete(commands).where(eq(commands.jobId, id)).run()
  db.delete(jobs).where(eq(jobs.id, id)).run()
}

/** Forgets jobs that ended before `before`, with their commands. */
export function pruneJobs(db: Queries, before: string): void {
  const old = db
    .select({ id: jobs.id })
    .from(jobs)
    .where(and(isNotNull(jobs.finishedAt), lt(jobs.finishedAt, before)))
    .limit(10_000)
  db.delete(commands).where(inArray(commands.jobId, old)).run()
  db.delete(jobs)
    .where(and(isNotNull(jobs.finishedAt), lt(jobs.finishedAt, before)))
    .run()
}

export function addCommand(db: Queries, to: { host: string; instance: string }, command: AgentCommand): void {
  const jobId = 'jobId' in command ? command.jobId : null
  const { host, instance } = to
  db.insert(commands)
    .values({ host, instance, jobId, kind: command.kind, command: encodeSealed(db, agentCommand, command) })
    .run()
}

const streamed = statement<{ sequence: number; command: string }>(
  'SELECT sequence, command FROM commands WHERE host = ? AND instance = ? AND sequence > ? ORDER BY sequence LIMIT 100',
)
const newestCommand = statement<{ seq: number }>(`SELECT seq FROM sqlite_sequence WHERE name = 'commands'`)
const anyCommand = statement<{ one: number }>('SELECT 1 AS one FROM commands WHERE host = ? LIMIT 1')
const anyRunning = statement<{ one: number }>(
  `SELECT 1 AS one FROM jobs WHERE host = ? AND state = 'running' LIMIT 1`,
)

/** Commands to one instance of an agent after `sequence`, in order. */
export function commandsAfter(
  db: Queries,
  to: { host: string; instance: string },
  sequence: number,
): { id: number; value: AgentCommand }[] {
  return streamed
    .all(db, to.host, to.instance, sequence)
    .map((row) => ({ id: row.sequence, value: decodeSealed(db, agentCommand, row.command) }))
}

/** Number of the newest command ever. */
export function lastCommandSequence(db: Queries): number {
  return newestCommand.get(db)?.seq ?? 0
}

/** Whether something runs on this host; asked at each hello. */
export function hasRunningJobs(db: Queries, host: string): boolean {
  return anyRunning.get(db, host) !== undefined
}

/**
 * Drops what a host that says hello must not be told: everything meant for an earlier instance, and for this one what it
 * has taken (`known`) or what has ended.
 */
export function pruneCommands(
  db: Queries,
  to: { host: string; instance: string },
  known: readonly string[],
): void {
  if (anyCommand.get(db, to.host) === undefined) return
  const running = db
    .select({ id: jobs.id })
    .from(jobs)
    .where(and(eq(jobs.host, to.host), eq(jobs.state, 'running')))
  const isStart = eq(commands.kind, 'start-job')
  const isTaken = known.length > 0 ? and(isStart, inArray(commands.jobId, [...known])) : undefined
  db.delete(commands)
    .where(
      and(
        eq(commands.host, to.host),
        or(ne(commands.instance, to.instance), isTaken, and(isStart, notInArray(commands.jobId, running))),
      ),
    )
    .run()
}

/** Running jobs of a host that were given to an instance other than `instance`. */
export function jobsOfOtherInstances(db: Queries, to: { host: string; instance: string }): Job[] {
  return db
    .select()
    .from(jobs)
    .where(and(eq(jobs.host, to.host), eq(jobs.state, 'running'), not(eq(jobs.instance, to.instance))))
    .all()
    .map((row) => toJob(db, row))
}

function toJob(db: Queries, row: JobRow): Job {
  return {
    id: row.id,
    host: row.host,
    instance: row.instance,
    idempotencyKey: row.idempotencyKey,
    runId: row.runId,
    title: row.title,
    request: decodeSealed(db, jobRequest, row.request),
    outcome: row.outcome === null ? null : decodeSealed(db, jobOutcome, row.outcome),
    noProgressSeconds: row.noProgressSeconds,
    startedAt: row.startedAt,
  }
}
