import type { MigrationStepView } from '@varve/protocol/migrations'

/** What canceling does about one step. */
export interface UndoLine {
  readonly id: string
  readonly layer: MigrationStepView['layer']
  readonly words: string
}

/** The plan of a cancel: stop what runs, then undo what was done, last first; steps that leave nothing are left out. */
export function stepsToUndo(steps: readonly MigrationStepView[]): readonly UndoLine[] {
  const lines: UndoLine[] = []
  for (const { id, layer, state, title, undo } of steps.toReversed()) {
    if (state === 'running') lines.push({ id: `stop ${id}`, layer, words: `Stop: ${title.toLowerCase()}` })
    if ((state === 'running' || state === 'done' || state === 'failed') && undo !== null) {
      lines.push({ id, layer, words: undo })
    }
  }
  return lines
}
