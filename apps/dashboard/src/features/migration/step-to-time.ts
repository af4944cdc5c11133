import type { MigrationStepView } from '@varve/protocol/migrations'
import { durationToWords, estimateToWords } from '../../components/time-to-words.ts'

/** What stands at the right of a step: how long it took, takes now, or (unless `now` is null: all is over) is expected to take. */
export function stepToTime(
  {
    state,
    startedAt,
    finishedAt,
    estimate,
  }: Pick<MigrationStepView, 'state' | 'startedAt' | 'finishedAt' | 'estimate'>,
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
