import type { MigrateStepId } from '@varve/core/operations/plan-migrate'
import { DiskError, isRetryable, toErrorRecord } from '@varve/core/problems/disk-error'
import type { JobKind, JobRequestOf, JobResultOf } from '@varve/protocol/jobs'
import type { TransferView } from '@varve/protocol/migrations'
import { ErrorView } from '@varve/protocol/primitives'
import { z } from 'zod'
import type { Migration } from '../store/migrations-store.ts'

/** How a step ended, as OpenWorkflow keeps it. */
export const StepEnd = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done') }),
  z.object({ kind: z.literal('canceled') }),
  z.object({ kind: z.literal('failed'), error: ErrorView }),
])
export type StepEnd = z.infer<typeof StepEnd>

export interface StepJob {
  readonly host: string
  readonly title: string
  /** Tells jobs of one step and attempt apart. */
  readonly key?: string
  /** Which of the migration's passes over the disk it is; it says nothing of how far other jobs are. */
  readonly shownAs?: Pass
}

/** The passes over the disk whose numbers a migration shows. */
export type Pass = 'copied' | 'readBack'

/** What a step may use. */
export interface StepContext {
  readonly migration: Migration
  readonly attempt: number
  readonly signal: AbortSignal
  /** Runs a job on a host; the same one again when the step is resumed. Checks the fence first. */
  job<K extends JobKind>(request: JobRequestOf<K>, job: StepJob): Promise<JobResultOf<K>>
  /** What an earlier step gave. */
  output<T>(step: MigrateStepId, schema: z.ZodType<T>): T
  /** Says what a pass had done when it ended; what it said while it ran, its map, stays. */
  ended(pass: Pass, numbers: Omit<TransferView, 'chunkMap'>): void
  /** Name of the export that was opened last, or null. */
  newestExport(): string | null
}

export interface StepResult {
  readonly output: unknown
  /** What it found or did, in a few words. */
  readonly outcome: string
}

/** One row of the workflow's table. */
export interface WorkflowStep {
  readonly id: MigrateStepId
  readonly run: (context: StepContext) => Promise<StepResult>
  readonly undo: ((context: UndoContext) => Promise<void>) | null
  /** How often it is tried when what failed may pass by itself. */
  readonly times: number
  readonly pointOfNoReturn: boolean
}

export interface UndoContext {
  readonly migration: Migration
  /** Runs an undoing job when its host is there; else it is kept until the host says hello. */
  readonly undoJob: (host: string, request: JobRequestOf<'discard' | 'release'>) => Promise<void>
}

export type AfterError =
  { readonly do: 'retry' } | { readonly do: 'cancel' } | { readonly do: 'fail'; readonly error: ErrorView }

/** What to do when a step threw; pure. */
export function decideAfterError(
  error: unknown,
  at: { step: Pick<WorkflowStep, 'times' | 'pointOfNoReturn'>; attempt: number; cancelRequested: boolean },
): AfterError {
  if (at.cancelRequested && !at.step.pointOfNoReturn) return { do: 'cancel' }
  const mayPass = error instanceof DiskError && isRetryable(error.code)
  if (mayPass && at.attempt < at.step.times) return { do: 'retry' }
  return { do: 'fail', error: toErrorRecord(error, 'controller') }
}
