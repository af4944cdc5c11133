import type { ProblemView } from '@varve/protocol/primitives'
import type { ReactNode } from 'react'
import styles from './marked-item.module.css'

type Severity = ProblemView['severity']

const marks = { block: '✕', warn: '!', info: 'i' } as const
const words = { block: 'Blocks', warn: 'Warning', info: 'Note' } as const

interface MarkedItemProps {
  readonly severity: Severity
  /** What the mark says to a screen reader, where that is not how bad a finding is. */
  readonly says?: string
  /** What is the case. */
  readonly title: ReactNode
  /** What to do. */
  readonly text: ReactNode
  /** The way to where it is shown. */
  readonly aside?: ReactNode
}

/** Something that is not as it should be: a mark of how bad it is, what is the case, what to do. */
export function MarkedItem({ severity, says = words[severity], title, text, aside }: MarkedItemProps) {
  return (
    <div className={styles.item}>
      <span className={styles.mark} data-severity={severity} role="img" aria-label={says}>
        {marks[severity]}
      </span>
      <div>
        <div className={styles.title}>{title}</div>
        <div className={styles.text}>{text}</div>
      </div>
      {aside && <div className={styles.aside}>{aside}</div>}
    </div>
  )
}
