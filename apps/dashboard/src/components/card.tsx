import { useId, type ReactNode } from 'react'
import styles from './surface.module.css'

interface CardProps {
  readonly title: string
  /** At the right of the title. */
  readonly aside?: ReactNode
  readonly children: ReactNode
}

/** A titled panel: a region with the title as its name. */
export function Card({ title, aside, children }: CardProps) {
  const id = useId()
  return (
    <section className={`${styles.card} ${styles.padded}`} aria-labelledby={id}>
      <div className={styles.titleRow}>
        <h2 className={styles.title} id={id}>
          {title}
        </h2>
        {aside}
      </div>
      {children}
    </section>
  )
}

/** A panel without a title, for content that brings its own. */
export function Panel({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <section className={styles.card} aria-label={label}>
      {children}
    </section>
  )
}

/** Main column and side column; the side moves below on narrow screens. */
export function Columns({ main, side }: { readonly main: ReactNode; readonly side: ReactNode }) {
  return (
    <div className={styles.columns}>
      <div className={styles.column}>{main}</div>
      <div className={`${styles.column} ${styles.side}`}>{side}</div>
    </div>
  )
}

export function Stack({ children }: { readonly children: ReactNode }) {
  return <div className={styles.column}>{children}</div>
}
