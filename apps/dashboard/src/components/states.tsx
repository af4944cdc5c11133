import { Button } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import type { ProblemView } from '@varve/protocol/primitives'
import type { ReactNode } from 'react'
import { errorToWords } from '../data/error-to-words.ts'
import { MarkedItem } from './marked-item.tsx'
import { titleWords } from '@varve/core/problems/problem-words'
import styles from './states.module.css'

/** A grey block in the place of what is coming; shows after 150 ms. */
export function Skeleton({
  height,
  width = '100%',
}: {
  readonly height: number
  readonly width?: number | string
}) {
  return <div className={styles.skeleton} style={{ height, width }} aria-hidden />
}

/** Skeleton lines of the height of list rows. */
export function SkeletonRows({ rows, height }: { readonly rows: number; readonly height: number }) {
  return (
    <div className={styles.lines} role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={height - 10} />
      ))}
    </div>
  )
}

interface EmptyProps {
  readonly title: string
  readonly children: ReactNode
  readonly more?: ReactNode
}

/** What would be here, and how to get it. */
export function Empty({ title, children, more }: EmptyProps) {
  return (
    <div className={styles.empty}>
      <h2>{title}</h2>
      <p>{children}</p>
      {more && <div className={styles.emptyMore}>{more}</div>}
    </div>
  )
}

/** What happened, what to do, and a reference to copy. */
export function ErrorCard({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const { title, remedy, reference } = errorToWords(error)
  const clipboard = useClipboard({ timeout: 1500 })
  return (
    <div className={styles.error} role="alert">
      <h2>{title}</h2>
      <p>{remedy}</p>
      <div className={styles.errorFoot}>
        {onRetry && <Button onClick={onRetry}>Try again</Button>}
        <button
          type="button"
          className={styles.reference}
          title="Copy this reference"
          onClick={() => clipboard.copy(reference)}
        >
          {clipboard.copied ? 'copied' : reference}
        </button>
      </div>
    </div>
  )
}

/** One finding: what is the case, and the remedy. */
function ProblemItem({ problem }: { readonly problem: ProblemView }) {
  const { severity, remedy } = problem
  return <MarkedItem severity={severity} title={titleWords(problem)} text={remedy} />
}

export function ProblemList({ problems }: { readonly problems: readonly ProblemView[] }) {
  return (
    <ul>
      {problems.map((problem, index) => (
        <li key={`${problem.id} ${index}`} style={index > 0 ? { marginTop: 12 } : undefined}>
          <ProblemItem problem={problem} />
        </li>
      ))}
    </ul>
  )
}
