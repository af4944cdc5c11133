import type { MigrationStepView, MigrationView } from '@varve/protocol/migrations'
import { Fragment } from 'react'
import { Panel } from '../../components/card.tsx'
import { LayerTag } from '../../components/marks.tsx'
import { useNow } from '../../components/use-now.ts'
import styles from './migration.module.css'
import { stepToTime } from './step-to-time.ts'

const stateWords = {
  waiting: 'waiting',
  running: 'running',
  done: 'done',
  failed: 'failed',
  undone: 'undone',
  skipped: 'not needed',
} as const

const stateMarks = { waiting: '', running: '', done: '✓', failed: '✕', undone: '↶', skipped: '–' } as const

/** The steps in order, each with its layer, state, finding and time. */
export function StepTimeline({ migration }: { readonly migration: MigrationView }) {
  const clock = useNow(1000)
  const now = migration.finishedAt === null ? clock : null
  return (
    <Panel label="Steps">
      <div className={styles.stepsHead}>
        <h2>Steps</h2>
        <span>each acts on one layer</span>
      </div>
      <ol className={styles.steps}>
        {migration.steps.map((step) => (
          <Fragment key={step.id}>
            {step.pointOfNoReturn && <li className={styles.noWayBack}>no way back after this</li>}
            <StepRow step={step} now={now} />
          </Fragment>
        ))}
      </ol>
    </Panel>
  )
}

function StepRow({ step, now }: { readonly step: MigrationStepView; readonly now: number | null }) {
  const { state, title, does, outcome, layer, host, command, attempt } = step
  return (
    <li className={styles.step} data-state={state} aria-current={state === 'running' ? 'step' : undefined}>
      <span className={styles.mark} data-state={state} role="img" aria-label={stateWords[state]}>
        {stateMarks[state]}
      </span>
      <LayerTag layer={layer} />
      <span className={styles.stepWords} title={`${does}\non ${host}: ${command}`}>
        <strong>{title}</strong> {outcome ?? does}
        {attempt > 1 && ` · attempt ${attempt}`}
      </span>
      <span className={styles.stepTime}>{stepToTime(step, now)}</span>
    </li>
  )
}
