import { DiskError } from '@varve/core/problems/disk-error'
import type { ActionCall } from '../actions/action.ts'
import { checkedCall, findAction } from '../actions/known-actions.ts'
import { subjectOf } from '../plans/plan.ts'
import type { NewEntry } from './journal.ts'
import { newestAttempt, undoCalls, type RunState } from './run-state.ts'
import { stepError } from './step-error.ts'

/**
 * What is written down when a run goes on after its machine was restarted: each step that began is undone and done again, as
 * of what was not on the medium nobody knows what is left. Nothing where others have seen something of it: all before that was
 * proven, and is on the medium.
 */
export function beginAnew(state: RunState): readonly NewEntry[] {
  const begun = state.steps.flatMap((step) => {
    const newest = newestAttempt(step)
    return newest === null || newest.phase === 'failed' || step.phase === 'undone' ? [] : [{ step, newest }]
  })
  if (begun.some(({ step }) => findAction(step.step.action).isHidden !== true)) return []
  const file = subjectOf(state.created.plan)
  return begun
    .sort((a, b) => b.newest.place - a.newest.place)
    .map(({ step: { step }, newest: { attempt } }) => {
      const reason = new DiskError('canceled', { file, what: 'what it did before the machine was restarted' })
      const error = stepError(reason, findAction(step.action), file)
      return { event: 'failed', step: step.id, attempt, error, again: true }
    })
}

/** Whether the machine of a host was started again since a step that it has done, or is at; `bootOf` says which run of it is now, null: not known. */
export function wasRestarted(state: RunState, bootOf: (host: string) => string | null): boolean {
  return state.steps.some((step) => {
    const newest = newestAttempt(step)
    if (newest === null || newest.phase === 'failed' || step.phase === 'undone') return false
    const now = bootOf(step.step.host)
    return newest.boot !== null && now !== null && newest.boot !== now
  })
}

/** What was done that only the running machine has, and that no later step has begun to take back. */
export function heldByMachine(state: RunState): readonly ActionCall[] {
  const begun = state.steps
    .flatMap((step) => newestAttempt(step) ?? [])
    .filter(({ phase }) => phase !== 'failed')
  const calls = new Set(begun.map(({ call }) => JSON.stringify([call.action, call.input])))
  return begun
    .filter(({ phase, undo, call }) => {
      if (phase !== 'done' || undo !== 'none') return false
      return findAction(call.action).isOfMachine === true
    })
    .filter((attempt) =>
      undoCalls(attempt).some((call) => !calls.has(JSON.stringify([call.action, checkedCall(call).input]))),
    )
    .map(({ call }) => call)
}
