import { needsAcceptance } from '@varve/core/problems/problem'
import { Checkbox } from '@mantine/core'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { PlanStepView, PlanView } from '@varve/protocol/plans'
import { Fragment } from 'react'
import { LayerTag } from '../components/marks.tsx'
import { titleWords } from '@varve/core/problems/problem-words'
import { ProblemList } from '../components/states.tsx'
import { estimateToWords } from '../components/time-to-words.ts'
import { NoWayBack } from './no-way-back.tsx'
import { LitStrata } from './lit-strata.tsx'
import styles from './plan.module.css'
import { StepDetail } from './step-detail.tsx'

interface PlanReviewProps {
  readonly plan: PlanView
  /** False while a newer plan is on its way. */
  readonly isCurrent: boolean
  readonly accepted: ReadonlySet<string>
  readonly onAccept: (id: string, isAccepted: boolean) => void
}

/** The plan before it starts: steps with layer and command, warnings to accept; or why it is refused. */
export function PlanReview({ plan, isCurrent, accepted, onAccept }: PlanReviewProps) {
  if (plan.kind === 'refusal') {
    return (
      <section
        className={styles.plan}
        data-stale={!isCurrent || undefined}
        aria-label="Plan"
        aria-live="polite"
      >
        <div className={styles.refusal} style={{ borderTop: 'none' }}>
          <h3 className={styles.refusalTitle}>This cannot be done as it stands</h3>
          <ProblemList problems={plan.problems} />
        </div>
      </section>
    )
  }
  const warnings = plan.warnings.filter(needsAcceptance)
  const remarks = plan.warnings.filter((problem) => !needsAcceptance(problem))
  return (
    <section
      className={styles.plan}
      data-stale={!isCurrent || undefined}
      aria-label="Plan"
      aria-live="polite"
    >
      <div className={styles.planHead}>
        <h3>What will happen</h3>
        <span>
          {plan.estimate.seconds === null
            ? 'time not known'
            : `${estimateToWords(plan.estimate.seconds)} in all`}
        </span>
      </div>
      <LitStrata says="Acts on" layers={new Set(plan.steps.map(({ layer }) => layer))} />
      <ol>
        {plan.steps.map((step) => (
          <Fragment key={step.id}>
            {step.pointOfNoReturn && <NoWayBack />}
            <PlanStep step={step} />
          </Fragment>
        ))}
      </ol>
      {remarks.length > 0 && (
        <div className={styles.remarks}>
          <ProblemList problems={remarks} />
        </div>
      )}
      {warnings.length > 0 && (
        <ul className={styles.warnings} aria-label="Warnings to accept">
          {warnings.map((warning) => (
            <li key={warning.id}>
              <Checkbox
                size="sm"
                checked={accepted.has(warning.id)}
                onChange={({ currentTarget }) => onAccept(warning.id, currentTarget.checked)}
                label={`${warning.layer}: ${titleWords(warning)}`}
                description={`Accept ${warning.id}. Or: ${warning.remedy}`}
              />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function PlanStep({ step }: { readonly step: PlanStepView }) {
  const { layer, title, does, estimate } = step
  return (
    <li className={styles.step}>
      <details>
        <summary className={styles.stepLine}>
          <LayerTag layer={layer} />
          <span className={styles.stepWords}>
            <strong>{title}</strong> {does}
            <span className={styles.more} aria-hidden>
              ▸
            </span>
          </span>
          <span className={styles.estimate}>
            {[
              estimate.bytes === null || estimate.bytes === 0 ? null : formatBytes(estimate.bytes),
              estimate.seconds === null ? null : estimateToWords(estimate.seconds),
            ]
              .filter((part) => part !== null)
              .join(' · ')}
          </span>
        </summary>
        <div className={styles.detail}>
          <StepDetail step={step} />
        </div>
      </details>
    </li>
  )
}
