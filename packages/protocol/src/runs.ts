import { z } from 'zod'
import { JobProgress } from './job-progress.ts'
import { EstimateView, PlanStepView, PlanView } from './plans.ts'
import { Digest, ErrorView, HostName, Payload, ProblemView, Timestamp } from './primitives.ts'

export const RunId = z.string().min(1).max(64)

/** A wish about one host. */
export const PlanRequest = z.lazy(() =>
  z.object({
    host: HostName,
    /** The library that names in the request are of; null: the only one, or the one that has such a name. */
    library: z.string().nullable().default(null),
    operation: z.string().min(1).max(64),
    /** As the operation takes it. */
    request: Payload,
  }),
)
export type PlanRequest = z.input<typeof PlanRequest>

export const PlanAnswer = z.lazy(() =>
  z.object({
    plan: PlanView,
    /** Names this plan: a start that says it is refused when the plan would be another one now. */
    digest: Digest,
    /** The plan as a runbook of its host's shell; null for a refusal. */
    script: z.string().nullable(),
  }),
)
export type PlanAnswer = z.infer<typeof PlanAnswer>

export const StartRun = z.lazy(() =>
  PlanRequest.unwrap().extend({
    /** Made by the client, so that a repeated call starts one run. */
    idempotencyKey: z.string().min(8).max(100),
    /** Ids of the plan's warnings that the person accepted. */
    accepted: z.array(z.string()).max(1000).default([]),
    /** The plan that the person saw. */
    seen: Digest.optional(),
  }),
)
export type StartRun = z.input<typeof StartRun>

/** Who but a person asks for runs. */
export const AskedBy = z.enum(['schedule'])
export type AskedBy = z.infer<typeof AskedBy>

export const RunPhase = z.enum(['waiting', 'running', 'undoing', 'succeeded', 'failed', 'canceled', 'undone'])
export type RunPhase = z.infer<typeof RunPhase>

export const RunStepView = z.lazy(() =>
  PlanStepView.unwrap().extend({
    state: z.enum(['waiting', 'running', 'done', 'failed', 'undone']),
    startedAt: Timestamp.nullable(),
    finishedAt: Timestamp.nullable(),
    attempt: z.number().int().min(0),
    /** What it found or did, in a few words. */
    outcome: z.string().nullable(),
    /** What it gave, as its action says. */
    result: Payload.nullable(),
    error: ErrorView.nullable(),
  }),
)
export type RunStepView = z.infer<typeof RunStepView>

export const RunView = z.lazy(() =>
  z.object({
    id: RunId,
    /** Counts up from 1, for people. */
    number: z.number().int().min(1),
    operation: z.string(),
    summary: z.string(),
    state: RunPhase,
    /** Whether somebody wants it to end. */
    isCanceling: z.boolean(),
    hosts: z.array(z.string()),
    startedAt: Timestamp,
    finishedAt: Timestamp.nullable(),
    /** Null: a person. */
    askedBy: AskedBy.nullable().default(null),
    steps: z.array(RunStepView),
    warnings: z.array(ProblemView),
    accepted: z.array(z.string()),
    estimate: EstimateView,
    /** Of the step that runs. */
    progress: JobProgress.nullable(),
    /** The host that is waited for; null: none. */
    waitsFor: z.string().nullable(),
    error: ErrorView.nullable(),
    undoFailures: z.array(z.object({ step: z.string(), host: z.string(), error: ErrorView })),
    can: z.object({ cancel: z.boolean(), resume: z.boolean(), undo: z.boolean() }),
  }),
)
export type RunView = z.infer<typeof RunView>

const ofStep = { step: z.string(), attempt: z.number().int().min(1) }

/** What happened in a run, oldest first: its journal, without what only its actions understand. */
export const RunLogEntry = z.lazy(() =>
  z.discriminatedUnion('event', [
    z.object({ event: z.literal('created'), at: Timestamp }),
    z.object({ event: z.literal('started'), at: Timestamp, ...ofStep }),
    z.object({ event: z.literal('done'), at: Timestamp, ...ofStep, told: z.string() }),
    /** `again`: another attempt follows. */
    z.object({ event: z.literal('failed'), at: Timestamp, ...ofStep, error: ErrorView, again: z.boolean() }),
    z.object({ event: z.literal('undone'), at: Timestamp, ...ofStep }),
    z.object({ event: z.literal('undo-failed'), at: Timestamp, ...ofStep, error: ErrorView }),
    /** Somebody's wish. */
    z.object({ event: z.literal('asked'), at: Timestamp, wish: z.enum(['cancel', 'undo', 'resume']) }),
    z.object({
      event: z.literal('ended'),
      at: Timestamp,
      state: z.enum(['succeeded', 'failed', 'canceled', 'undone']),
      error: ErrorView.nullable(),
    }),
  ]),
)
export type RunLogEntry = z.infer<typeof RunLogEntry>

export const RunQuery = z.lazy(() =>
  z.object({
    limit: z.number().int().min(1).max(500).default(100),
    state: z.enum(['all', 'open', 'ended']).default('all'),
    host: HostName.nullable().default(null),
    operation: z.string().max(64).nullable().default(null),
  }),
)
