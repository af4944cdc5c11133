import { Checkbox } from '@mantine/core'
import { countOf } from '@varve/core/units/format-bytes'
import { titleWords } from '@varve/core/problems/problem-words'
import type { SharedWarning } from './batch-summary.ts'
import styles from './plan.module.css'

interface SharedWarningsProps {
  readonly warnings: readonly SharedWarning[]
  readonly accepted: ReadonlySet<string>
  readonly onAccept: (id: string, isAccepted: boolean) => void
}

/** The warnings of many plans, each kind to be accepted once. */
export function SharedWarnings({ warnings, accepted, onAccept }: SharedWarningsProps) {
  if (warnings.length === 0) return null
  return (
    <ul className={`${styles.warnings} ${styles.batchWarnings}`} aria-label="Warnings to accept">
      {warnings.map(({ problem, images }) => (
        <li key={problem.id}>
          <Checkbox
            size="sm"
            checked={accepted.has(problem.id)}
            onChange={({ currentTarget }) => onAccept(problem.id, currentTarget.checked)}
            label={`${problem.layer}: ${titleWords(problem)} (${countOf(images, 'image')})`}
            description={`Accept ${problem.id}. Or: ${problem.remedy}`}
          />
        </li>
      ))}
    </ul>
  )
}
