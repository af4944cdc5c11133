import { findAction } from '../actions/known-actions.ts'
import { stepsUsed } from '../plans/wired.ts'
import {
  isOver,
  isPastReturn,
  newestAttempt,
  undoCalls,
  type Attempt,
  type RunState,
  type StepState,
} from './run-state.ts'

export interface StartStep {
  readonly step: StepState
  /** Counts from 1; that of the attempt that was cut off, when one was. */
  readonly attempt: number
  /** The attempt that was cut off; it goes on with the call that it had. */
  readonly resumed: Attempt | null
}

export type Decision =
  | { readonly do: 'run'; readonly steps: readonly StartStep[] }
  | { readonly do: 'undo'; readonly step: StepState; readonly attempt: Attempt }
  | { readonly do: 'end'; readonly state: 'succeeded' | 'failed' | 'canceled' | 'undone' }
  | { readonly do: 'nothing' }

/** What is to be done next; pure. `busy` are the steps that this process carries out now. */
export function decide(state: RunState, busy: ReadonlySet<string>): Decision {
  if (isOver(state)) return { do: 'nothing' }
  const isGivenUp = state.error !== null || (state.isCancelAsked && !isPastReturn(state))
  if (state.isUndoAsked || isGivenUp) return busy.size > 0 ? { do: 'nothing' } : undoNext(state)
  const steps = startable(state).filter(({ step }) => !busy.has(step.step.id))
  if (steps.length > 0) return { do: 'run', steps }
  const isDone = state.steps.every(({ phase }) => phase === 'done')
  return isDone ? { do: 'end', state: 'succeeded' } : { do: 'nothing' }
}

/** Undoes attempt by attempt, the one that began last first. */
function undoNext(state: RunState): Decision {
  const left = state.steps
    .flatMap((step) => step.attempts.map((attempt) => ({ step, attempt })))
    .filter(({ attempt }) => attempt.undo === 'none' && undoCalls(attempt).length > 0)
    .sort((a, b) => b.attempt.place - a.attempt.place)
  const [next] = left
  if (next) return { do: 'undo', ...next }
  const ended = state.error === null ? 'canceled' : 'failed'
  return { do: 'end', state: state.isUndoAsked ? 'undone' : ended }
}

function startable(state: RunState): StartStep[] {
  const byId = new Map(state.steps.map((step) => [step.step.id, step]))
  const isDone = (id: string) => byId.get(id)?.phase === 'done'
  const ready = state.steps.filter(
    ({ step, phase }) =>
      step.after.every(isDone) &&
      // What it uses may be made again: it waits for the new outcome.
      (phase === 'running' || (phase === 'waiting' && stepsUsed(step.input).every(isDone))),
  )
  const starts = ready.flatMap((step) => {
    const stale = staleBelow(step, byId)
    return stale.length > 0 && newestAttempt(step)?.phase !== 'running' ? stale.map(again) : [again(step)]
  })
  return [...new Map(starts.map((start) => [start.step.step.id, start])).values()]
}

function again(step: StepState): StartStep {
  const newest = newestAttempt(step)
  const isCutOff = newest?.phase === 'running'
  const attempt = (newest?.attempt ?? 0) + (isCutOff ? 0 : 1)
  return { step, attempt, resumed: isCutOff ? newest : null }
}

/** The held steps whose outcome a failed attempt has used: each is started again before the next attempt. */
function staleBelow(step: StepState, byId: ReadonlyMap<string, StepState>): StepState[] {
  const failed = newestAttempt(step)
  if (failed === null) return []
  return [...new Set(stepsUsed(step.step.input))].flatMap((id) => {
    const used = byId.get(id)
    const began = used && newestAttempt(used)
    const isStale = began && findAction(used.step.action).isHeld === true && began.place < failed.place
    return isStale ? [used] : []
  })
}
