import { Button } from '@mantine/core'
import type { RunView } from '@varve/protocol/runs'
import { titleWords } from '@varve/core/problems/problem-words'
import { Outcome } from '../../plans/outcome.tsx'
import { runToSafety } from './run-to-safety.ts'

interface RunOutcomeProps {
  readonly run: RunView
  readonly isBusy: boolean
  readonly onResume: () => void
  readonly onUndo: () => void
}

/** For a run that failed or was canceled: what, at which layer, what is safe, what to press. */
export function RunOutcome({ run, isBusy, onResume, onUndo }: RunOutcomeProps) {
  const { state, error, undoFailures, can, number } = run
  if (state !== 'failed' && state !== 'canceled' && undoFailures.length === 0) return null
  return (
    <Outcome
      title={state === 'canceled' ? 'Canceled' : state === 'failed' ? 'It failed' : 'Not all could be undone'}
      error={state === 'failed' ? error : null}
      safe={runToSafety(run)}
      reference={[error?.code ?? state, `run ${number}`].join(' · ')}
      more={
        undoFailures.length > 0 && (
          <>
            <dt>Not undone</dt>
            <dd>
              <ul>
                {undoFailures.map(({ step, host, error: why }) => (
                  <li key={step}>
                    {titleOf(run, step)} on {host}: {titleWords(why)} {why.remedy}
                  </li>
                ))}
              </ul>
            </dd>
          </>
        )
      }
    >
      {can.resume && (
        <Button variant="filled" loading={isBusy} onClick={onResume}>
          Resume
        </Button>
      )}
      {can.undo && <Button onClick={onUndo}>{undoFailures.length > 0 ? 'Undo again…' : 'Undo…'}</Button>}
    </Outcome>
  )
}

function titleOf({ steps }: RunView, id: string): string {
  return steps.find((step) => step.id === id)?.title ?? id
}
