import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import styles from './fleet.module.css'
import type { Attention } from './overview-to-attention.ts'

const marks = { block: '✕', warn: '!' } as const
const words = { block: 'Needs you', warn: 'Warning' } as const

/** What needs a person: what is the case, what to do, and the page that shows it. */
export function AttentionRows({ rows }: { readonly rows: readonly Attention[] }) {
  return (
    <ul className={styles.rows}>
      {rows.map((row) => (
        <li key={row.id}>
          <div className={`${styles.row} ${styles.attention}`}>
            <span
              className={styles.mark}
              data-severity={row.severity}
              role="img"
              aria-label={words[row.severity]}
            >
              {marks[row.severity]}
            </span>
            <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
              <div style={{ fontSize: 13.5 }}>{row.title}</div>
              <div className={styles.soft}>{row.more}</div>
            </div>
            <Where row={row}>show it</Where>
          </div>
        </li>
      ))}
    </ul>
  )
}

function Where({ row, children }: { readonly row: Attention; readonly children: ReactNode }) {
  const about = <span className={styles.unseen}> ({row.title})</span>
  switch (row.page) {
    case 'host':
      return (
        <Link to="/hosts/$name" params={{ name: row.name }} className={styles.more}>
          {children}
          {about}
        </Link>
      )
    case 'hosts':
      return (
        <Link to="/hosts" className={styles.more}>
          {children}
          {about}
        </Link>
      )
    case 'migration':
      return (
        <Link to="/migrations/$id" params={{ id: row.migration }} className={styles.more}>
          {children}
          {about}
        </Link>
      )
  }
}
