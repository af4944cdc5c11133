import {
  isOver,
  isPastReturn,
  newestAttempt,
  outcomeOf,
  undoCalls,
  type RunState,
  type StepState,
} from '@varve/operations/runs/run-state'
import { Payload } from '@varve/protocol/primitives'
import type { JobProgress } from '@varve/protocol/job-progress'
import type { PlanStepView } from '@varve/protocol/plans'
import type { RunStepView, RunView } from '@varve/protocol/runs'
import type { RunRow } from '../store/runs-store.ts'
import { withoutSecrets } from '../store/sealed-payload.ts'

/** What is known of a run that goes on, and kept nowhere. */
export interface LiveRun {
  readonly progress: JobProgress | null
  /** The host that is waited for. */
  readonly waitsFor: string | null
}

/** A run as the wire shows it: its journal, and the plan as it was shown. */
export function toRunView(row: RunRow, state: RunState, live: LiveRun): RunView {
  const { created } = state
  const shown = row.plan.kind === 'plan' ? new Map(row.plan.steps.map((step) => [step.id, step])) : new Map()
  const over = isOver(state)
  const isWayBack = !isPastReturn(state)
  return {
    id: row.id,
    number: row.number,
    operation: created.plan.operation,
    summary: created.plan.summary,
    state: state.phase,
    isCanceling: !over && state.isCancelAsked,
    hosts: [...new Set(created.plan.steps.map(({ host }) => host))],
    startedAt: created.at,
    finishedAt: state.endedAt,
    askedBy: created.askedBy ?? null,
    steps: state.steps.flatMap((step) => {
      const view = shown.get(step.step.id)
      return view ? [toStepView(view, step)] : []
    }),
    warnings: created.plan.warnings,
    accepted: created.accepted,
    estimate: created.plan.estimate,
    progress: over ? null : live.progress,
    waitsFor: over ? null : live.waitsFor,
    error: state.error,
    undoFailures: [...state.undoFailures],
    can: {
      cancel: !over && isWayBack && !state.isCancelAsked && !state.isUndoAsked,
      resume: state.phase === 'failed' || state.phase === 'canceled',
      undo:
        over &&
        isWayBack &&
        ((state.phase === 'succeeded' && hasUndo(state)) || state.undoFailures.length > 0),
    },
  }
}

/** Whether anything was done that has a way back; what only read has nothing to undo. */
function hasUndo({ steps }: RunState): boolean {
  return steps.some(({ attempts }) => attempts.some((attempt) => undoCalls(attempt).length > 0))
}

function toStepView(view: PlanStepView, state: StepState): RunStepView {
  return {
    ...view,
    state: state.phase,
    startedAt: state.startedAt,
    finishedAt: state.endedAt,
    attempt: newestAttempt(state)?.attempt ?? 0,
    outcome: state.told,
    result: Payload.nullable().parse(withoutSecrets(outcomeOf(state))),
    error: state.error,
  }
}
