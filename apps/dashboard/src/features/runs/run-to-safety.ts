import { countOf } from '@varve/core/units/format-bytes'
import type { RunView } from '@varve/protocol/runs'

/** What is as it was after a run that did not come to its end, and what pressing Resume does. */
export function runToSafety({ steps, undoFailures, can, state }: RunView): string {
  const begun = steps.filter(({ startedAt }) => startedAt !== null)
  const isPast = begun.some(({ pointOfNoReturn }) => pointOfNoReturn)
  const again = can.resume ? ' Resume begins again with the steps that are not done.' : ''
  if (undoFailures.length > 0) {
    const count = countOf(undoFailures.length, 'step')
    return `What was there before is there whole. ${count} could not be undone: what it left is named here, and nothing else.${again}`
  }
  if (isPast)
    return `There is no way back: what was removed for good is gone, nothing else was touched.${again}`
  if (begun.length === 0) return `Nothing was begun: everything is as it was.${again}`
  const made = state === 'canceled' ? 'What was begun is undone' : 'What it had begun is undone'
  return `${made}: everything is as it was before.${again}`
}
