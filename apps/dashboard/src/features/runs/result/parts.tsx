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

/** Terms and what they are; those without anything are left out. */
export function FactList({ facts }: { readonly facts: readonly (readonly [string, ReactNode])[] }) {
  const told = facts.filter(([, words]) => words !== null)
  return (
    <dl className={styles.facts}>
      {told.map(([term, words]) => (
        <div key={term} style={{ display: 'contents' }}>
          <dt>{term}</dt>
          <dd>{words}</dd>
        </div>
      ))}
    </dl>
  )
}
