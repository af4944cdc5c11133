import type { ReactNode } from 'react'
import styles from './fact-list.module.css'

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
