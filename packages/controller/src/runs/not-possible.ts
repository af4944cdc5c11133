import { DiskError } from '@varve/core/problems/disk-error'
import { isOver, isPastReturn, type RunState } from '@varve/operations/runs/run-state'

/** Why a wish for a run is not taken. */
export function notPossible(state: RunState, what: 'cancel' | 'resume' | 'undo' | 'forget'): DiskError {
  const { summary } = state.created.plan
  const words = { cancel: 'canceled', resume: 'resumed', undo: 'undone', forget: 'forgotten' } as const
  const why = isOver(state)
    ? `it ${state.phase}`
    : isPastReturn(state)
      ? 'there is no way back any more'
      : 'it is not over'
  return new DiskError('refused', {
    file: summary,
    reason: `it cannot be ${words[what]}: ${why}`,
    remedy: isOver(state) ? 'There is nothing left to do with it.' : 'Wait for its end.',
  })
}
