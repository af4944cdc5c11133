import type { MigrationStepView } from '@varve/protocol/migrations'
import { expect, test } from 'vitest'
import { stepsToUndo } from './steps-to-undo.ts'

function step(id: string, change: Partial<MigrationStepView>): MigrationStepView {
  return {
    id,
    layer: 'L2',
    title: id,
    does: '',
    command: '',
    host: 'north',
    needs: [],
    estimate: { bytes: null, seconds: null },
    undo: null,
    pointOfNoReturn: false,
    state: 'waiting',
    startedAt: null,
    finishedAt: null,
    outcome: null,
    attempt: 0,
    ...change,
  }
}

test('what runs is stopped, then what was done is undone from the last to the first', () => {
  const lines = stepsToUndo([
    step('Pre-flight', { state: 'done', layer: 'all' }),
    step('Export', { state: 'done', layer: 'L3', undo: 'Close the export' }),
    step('Pull', { state: 'running', undo: 'Remove the part file' }),
    step('Verify', { undo: 'never' }),
  ])
  expect(lines.map(({ words }) => words)).toEqual(['Stop: pull', 'Remove the part file', 'Close the export'])
})

test('nothing started, nothing to undo', () => {
  expect(stepsToUndo([step('Pull', { undo: 'Remove the part file' })])).toEqual([])
})
