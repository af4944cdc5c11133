import type { PlanStepView } from '@varve/protocol/plans'
import { durationToWords, estimateToWords } from '../components/time-to-words.ts'

/** When a step of what runs began and ended, and how it stands. */
export interface StepTimes {
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'undone' | 'skipped'
  readonly startedAt: string | null
  readonly finishedAt: string | null
  readonly estimate: PlanStepView['estimate']
}

/** What stands at the right of a step: how long it took, takes now, or (unless `now` is null: all is over) is expected to take. */
export function stepToTime(
  { state, startedAt, finishedAt, estimate }: StepTimes,
  now: number | null,
): string {
  if (startedAt !== null && finishedAt !== null) {
    return durationToWords(Date.parse(finishedAt) - Date.parse(startedAt))
  }
  if (now !== null && startedAt !== null && state === 'running')
    return durationToWords(now - Date.parse(startedAt))
  if (now !== null && state === 'waiting' && estimate.seconds !== null)
    return estimateToWords(estimate.seconds)
  return state === 'skipped' ? 'not needed' : state === 'undone' ? 'undone' : ''
}
