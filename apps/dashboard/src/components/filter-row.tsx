import type { ReactNode } from 'react'
import styles from './filter-row.module.css'

interface FilterRowProps {
  /** What is searched, for a screen reader. */
  readonly label: string
  /** How many are left, in words. */
  readonly shown: string
  readonly children: ReactNode
}

/** The row on top of a list that narrows it: a search field first, then filters, then how many are left. */
export function FilterRow({ label, shown, children }: FilterRowProps) {
  return (
    <search className={styles.row} aria-label={label}>
      {children}
      <output className={styles.shown}>{shown}</output>
    </search>
  )
}

/** The class of its search field. */
export const filterSearchClass = styles.search
