import type { AgentCommand } from '@varve/protocol/agent'
import type { JobRequest } from '@varve/protocol/jobs'
import { and, asc, eq, gt, inArray, isNotNull, lt, ne, not, notInArray, or, sql } from 'drizzle-orm'
import type { Queries } from './database.ts'
import { agentCommand, jobOutcome, jobRequest, type JobOutcome } from './payload-kinds.ts'
import { decodePayload, encodePayload } from './payload.ts'
import { commands, jobs } from './schema.ts'

export interface Job {
  readonly id: string
  readonly host: string
  /** Of the agent that was told to do it. */
  readonly instance: string
  readonly idempotencyKey: string
  readonly migrationId: string | null
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
      request: encodePayload(jobRequest, request),
      state: 'running',
    })
    .run()
  const { id: jobId, noProgressSeconds } = job
  addCommand(db, job, { kind: 'start-job', jobId, request, noProgressSeconds })
}

export function findJob(db: Queries, id: string): Job | null {
  const row = db.select().from(jobs).where(eq(jobs.id, id)).get()
  return row ? toJob(row) : null
}

export function findJobByKey(db: Queries, idempotencyKey: string): Job | null {
  const row = db.select().from(jobs).where(eq(jobs.idempotencyKey, idempotencyKey)).get()
  return row ? toJob(row) : null
}

/** Jobs that have not ended; of one host or of all. */
export function runningJobs(db: Queries, host: string | null): Job[] {
  return db
    .select()
    .from(jobs)
    .where(and(eq(jobs.state, 'running'), host === null ? undefined : eq(jobs.host, host)))
    .orderBy(asc(jobs.startedAt))
    .all()
    .map(toJob)
}

/** Jobs that run on these hosts, oldest first, in the words of a host's view. */
export function runningJobsOf(
  db: Queries,
  names: readonly string[],
): { host: string; jobId: string; kind: string; title: string; migrationId: string | null }[] {
  const { host, id: jobId, kind, title, migrationId } = jobs
  return db
    .select({ host, jobId, kind, title, migrationId })
    .from(jobs)
    .where(and(eq(jobs.state, 'running'), inArray(jobs.host, [...names])))
    .orderBy(asc(jobs.startedAt))
    .all()
}

/** All jobs of a migration, oldest first. */
export function jobsOfMigration(db: Queries, migrationId: string): Job[] {
  return db
    .select()
    .from(jobs)
    .where(eq(jobs.migrationId, migrationId))
    .orderBy(asc(jobs.startedAt))
    .all()
    .map(toJob)
}

/** Keeps how a job ended; false when it had ended before, so that a late answer changes nothing. */
export function endJob(db: Queries, id: string, end: { outcome: JobOutcome; at: string }): boolean {
  const result = db
    .update(jobs)
    .set({ state: end.outcome.kind, outcome: encodePayload(jobOutcome, end.outcome), finishedAt: end.at })
    .where(and(eq(jobs.id, id), eq(jobs.state, 'running')))
    .run()
  return result.changes > 0
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
    .values({ host, instance, jobId, kind: command.kind, command: encodePayload(agentCommand, command) })
    .run()
}

/** Commands to one instance of an agent after `sequence`, in order. */
export function commandsAfter(
  db: Queries,
  to: { host: string; instance: string },
  sequence: number,
): { id: number; value: AgentCommand }[] {
  return db
    .select()
    .from(commands)
    .where(
      and(eq(commands.host, to.host), eq(commands.instance, to.instance), gt(commands.sequence, sequence)),
    )
    .orderBy(asc(commands.sequence))
    .limit(100)
    .all()
    .map((row) => ({ id: row.sequence, value: decodePayload(agentCommand, row.command) }))
}

/** Number of the newest command ever. */
export function lastCommandSequence(db: Queries): number {
  const row = db.get<{ seq: number }>(sql`SELECT seq FROM sqlite_sequence WHERE name = 'commands'`)
  return row?.seq ?? 0
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
    .map(toJob)
}

function toJob(row: JobRow): Job {
  return {
    id: row.id,
    host: row.host,
    instance: row.instance,
    idempotencyKey: row.idempotencyKey,
    migrationId: row.migrationId,
    title: row.title,
    request: decodePayload(jobRequest, row.request),
    outcome: row.outcome === null ? null : decodePayload(jobOutcome, row.outcome),
    noProgressSeconds: row.noProgressSeconds,
    startedAt: row.startedAt,
  }
}
