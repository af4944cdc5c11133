import type { ErrorView } from '@varve/protocol/primitives'
import type { ReactNode } from 'react'
import { LayerTag } from '../components/marks.tsx'
import { titleWords } from '@varve/core/problems/problem-words'
import styles from './outcome.module.css'

interface OutcomeProps {
  /** For what did not fail. */
  readonly title: string
  /** Why it failed; null when it did not. */
  readonly error: ErrorView | null
  /** What is as it was; null: nothing is known of it. */
  readonly safe: ReactNode | null
  /** Names it to whoever is asked for help. */
  readonly reference: string
  readonly more?: ReactNode
  readonly children: ReactNode
}

/** How something ended that did not succeed: what, at which layer, what is safe, what to press. */
export function Outcome({ title, error, safe, reference, more, children }: OutcomeProps) {
  return (
    <div className={styles.outcome} data-tone={error ? 'bad' : 'plain'} role="alert">
      <h2>
        {error && <LayerTag layer={error.layer} />}
        {error ? titleWords(error) : title}
      </h2>
      <dl>
        {error && (
          <>
            <dt>Where</dt>
            <dd>{error.file}</dd>
            <dt>What to do</dt>
            <dd>{error.remedy}</dd>
          </>
        )}
        {safe !== null && (
          <>
            <dt>What is safe</dt>
            <dd>{safe}</dd>
          </>
        )}
        {more}
        <dt>Reference</dt>
        <dd>
          <code>{reference}</code>
        </dd>
      </dl>
      <div className={styles.foot}>{children}</div>
    </div>
  )
}
