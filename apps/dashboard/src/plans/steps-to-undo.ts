import type { PlanStepView } from '@varve/protocol/plans'
import type { StepTimes } from './step-to-time.ts'

/** What canceling or undoing does about one step. */
export interface UndoLine {
  readonly id: string
  readonly layer: PlanStepView['layer']
  readonly words: string
}

type UndoStep = Pick<PlanStepView, 'id' | 'layer' | 'title' | 'undo'> & Pick<StepTimes, 'state'>

/** The plan of a cancel or an undo: stop what runs, then undo what was done, last first; steps that leave nothing are left out. */
export function stepsToUndo(steps: readonly UndoStep[]): readonly UndoLine[] {
  const lines: UndoLine[] = []
  for (const { id, layer, state, title, undo } of steps.toReversed()) {
    if (state === 'running') lines.push({ id: `stop ${id}`, layer, words: `Stop: ${title.toLowerCase()}` })
    if ((state === 'running' || state === 'done' || state === 'failed') && undo !== null) {
      lines.push({ id, layer, words: undo })
    }
  }
  return lines
}
