import type { PlanStepView } from '@varve/protocol/plans'
import styles from './plan.module.css'

/** Behind a step: its exact command, where it runs, and what undoes it. */
export function StepDetail({ step: { command, host, needs, undo } }: { readonly step: PlanStepView }) {
  return (
    <>
      <code className={styles.code}>{command}</code>
      <div>
        on {host}
        {needs.length > 0 && ` · needs ${needs.join(', ')}`}
      </div>
      <div>{undo === null ? 'changes nothing that would have to be undone' : `undo: ${undo}`}</div>
    </>
  )
}
