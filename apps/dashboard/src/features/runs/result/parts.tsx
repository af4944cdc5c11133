import type { ReactNode } from 'react'
import styles from './result.module.css'

const signs = { good: '✓', bad: '✕', warn: '!', plain: '·' } as const

/** What was found, in one sentence. */
export function Verdict({
  tone,
  children,
}: {
  readonly tone: keyof typeof signs
  readonly children: ReactNode
}) {
  return (
    <h2 className={styles.verdict} data-tone={tone}>
      <span className={styles.sign} aria-hidden>
        {signs[tone]}
      </span>
      <span>{children}</span>
    </h2>
  )
}
