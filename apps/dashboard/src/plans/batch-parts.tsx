import { Button } from '@mantine/core'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { ImageRow } from '@varve/protocol/images'
import type { ReactNode } from 'react'
import styles from './plan.module.css'

/** The image that a row of a batch is about. */
export function BatchImage({ row }: { readonly row: ImageRow }) {
  return (
    <td data-label="Image">
      <span className={styles.batchName}>{row.name}</span>
      <span className={styles.batchMore}>
        {row.format} on {row.host}
        {row.virtualSize !== null && `, ${formatBytes(row.virtualSize)} disk`}
      </span>
    </td>
  )
}

interface BatchFootProps {
  /** How far it is, and what is in the way. */
  readonly words: ReactNode
  readonly startWords: string
  readonly canStart: boolean
  readonly isStarting: boolean
  readonly onClose: () => void
}

/** The end of a batch's form: what is to be said, and the button that starts all. */
export function BatchFoot({ words, startWords, canStart, isStarting, onClose }: BatchFootProps) {
  return (
    <div className={styles.foot}>
      {words}
      <div className={styles.footButtons}>
        <Button onClick={onClose}>Close</Button>
        <Button type="submit" variant="filled" disabled={!canStart} loading={isStarting}>
          {startWords}
        </Button>
      </div>
    </div>
  )
}
