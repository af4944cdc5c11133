import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { findAction } from '@varve/operations/actions/action-table'
import type { Performance } from '@varve/operations/runs/carry-out'
import type { JobProgress } from '@varve/protocol/job-progress'
import {
  isJobKind,
  JobRequest,
  type JobKind,
  type JobRequestOf,
  type JobResultOf,
} from '@varve/protocol/jobs'
import { Payload } from '@varve/protocol/primitives'
import type { Jobs } from '../agents/jobs.ts'

const noProgressSeconds = 120

export interface JobOptions {
  /** For people; default: the summary of the run and its step. */
  readonly title?: string
  /** Tells jobs of one performance apart. */
  readonly part?: string
  readonly onProgress?: (progress: JobProgress) => void
}

export interface PerformContext extends Performance {
  /** Does a job on a host, or attaches to the one that was begun for the same work. */
  job<K extends JobKind>(
    host: string,
    request: JobRequestOf<K>,
    options?: JobOptions,
  ): Promise<JobResultOf<K>>
  /** Has the agent of the step's host do the action as it is; gives its outcome. */
  handOn(options?: JobOptions): Promise<unknown>
}

/** How the controller does an action that it does not hand to an agent as it is. */
export type Performer = (input: unknown, context: PerformContext) => Promise<unknown>
export type Performers = Readonly<Record<string, Performer | undefined>>

export interface PerformOptions {
  readonly jobs: Jobs
  readonly performers: Performers
  readonly isConnected: (host: string) => boolean
  readonly summaryOf: (run: string) => string
  readonly onProgress: (run: string, step: string, progress: JobProgress | null) => void
  /** The promise, or a rejection when the process ends first. */
  readonly untilStopped: <T>(promise: Promise<T>) => Promise<T>
}

interface Called {
  readonly action: { readonly name: string }
  readonly input: unknown
}

/** Does what a step says on its host; throws `agent-gone` when the host is away. */
export function createPerform(options: PerformOptions) {
  const { jobs, performers } = options

  function contextOf({ action, input }: Called, at: Performance): PerformContext {
    const { run, step, key, signal, host, isResumed } = at
    const job: PerformContext['job'] = async (on, request, { title, part, onProgress } = {}) =>
      options.untilStopped(
        jobs.start(on, request, {
          idempotencyKey: part === undefined ? key : `${key}/${part}`,
          runId: run,
          title: title ?? `${options.summaryOf(run)}: ${step}`,
          noProgressSeconds,
          signal,
          onProgress(progress) {
            options.onProgress(run, step, progress)
            onProgress?.(progress)
          },
        }),
      )
    return {
      ...at,
      job,
      async handOn(handed) {
        const request = {
          kind: 'action',
          action: action.name,
          input: Payload.parse(input),
          isResumed,
        } as const
        return (await job<'action'>(host, request, handed)).outcome
      },
    }
  }

  return async (called: Called, at: Performance): Promise<unknown> => {
    const { action, input } = called
    const { host, isUndo } = at
    // Whether it comes back is not waited for: its undo is kept until it does.
    if (isUndo && findAction(action.name).attempts > 1 && !options.isConnected(host))
      throw new DiskError('agent-gone', { file: host, host })
    const context = contextOf(called, at)
    try {
      const performer = performers[action.name]
      if (performer) return await performer(input, context)
      if (isJobKind(action.name))
        return await context.job(host, JobRequest.parse({ ...Payload.parse(input), kind: action.name }))
      return await context.handOn()
    } catch (error) {
      // What it did is not known: once it is back the same work is asked for again, under the same key.
      if (isDiskError(error, 'agent-gone')) jobs.forget(at.key)
      throw error
    } finally {
      options.onProgress(at.run, at.step, null)
    }
  }
}
