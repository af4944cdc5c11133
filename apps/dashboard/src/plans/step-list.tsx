import type { PlanStepView } from '@varve/protocol/plans'
import type { ErrorView } from '@varve/protocol/primitives'
import { Fragment } from 'react'
import { Panel } from '../components/card.tsx'
import { LayerTag } from '../components/marks.tsx'
import { titleWords } from '@varve/core/problems/problem-words'
import { useNow } from '../components/use-now.ts'
import { NoWayBack } from './no-way-back.tsx'
import { StepDetail } from './step-detail.tsx'
import styles from './step-list.module.css'
import { stepToTime, type StepTimes } from './step-to-time.ts'

const stateWords = {
  waiting: 'waiting',
  running: 'running',
  done: 'done',
  failed: 'failed',
  undone: 'undone',
  skipped: 'not needed',
} as const

const stateMarks = { waiting: '', running: '', done: '✓', failed: '✕', undone: '↶', skipped: '–' } as const

type ShownStep = PlanStepView &
  StepTimes & {
    readonly outcome: string | null
    readonly attempt: number
    readonly error?: ErrorView | null
  }

interface StepListProps {
  readonly steps: readonly ShownStep[]
  /** Nothing more is expected. */
  readonly isOver: boolean
}

/** The steps of what runs in order, each with its layer, state, finding and time; its command behind it. */
export function StepList({ steps, isOver }: StepListProps) {
  const clock = useNow(1000)
  const now = isOver ? null : clock
  return (
    <Panel label="Steps">
      <div className={styles.stepsHead}>
        <h2>Steps</h2>
        <span>each acts on one layer</span>
      </div>
      <ol className={styles.steps}>
        {steps.map((step) => (
          <Fragment key={step.id}>
            {step.pointOfNoReturn && <NoWayBack />}
            <StepRow step={step} now={now} />
          </Fragment>
        ))}
      </ol>
    </Panel>
  )
}

function StepRow({ step, now }: { readonly step: ShownStep; readonly now: number | null }) {
  const { state, title, does, outcome, layer, attempt, error = null } = step
  const told = state === 'failed' && error ? titleWords(error) : (outcome ?? does)
  return (
    <li data-state={state} className={styles.item} aria-current={state === 'running' ? 'step' : undefined}>
      <details>
        <summary className={styles.step} data-state={state}>
          <span className={styles.mark} data-state={state} role="img" aria-label={stateWords[state]}>
            {stateMarks[state]}
          </span>
          <LayerTag layer={layer} />
          <span className={styles.stepWords} title={does}>
            <strong>{title}</strong> {told}
            {attempt > 1 && ` · attempt ${attempt}`}
            <span className={styles.more} aria-hidden>
              ▸
            </span>
          </span>
          <span className={styles.stepTime}>{stepToTime(step, now)}</span>
        </summary>
        <div className={styles.detail}>
          <StepDetail step={step} />
        </div>
      </details>
    </li>
  )
}
