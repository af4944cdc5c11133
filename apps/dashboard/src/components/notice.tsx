import type { ReactNode } from 'react'
import styles from './notice.module.css'

/** One sentence above a page's cards that everything below depends on. */
export function Notice({ children }: { readonly children: ReactNode }) {
  return (
    <div className={styles.notice} role="status">
      {children}
    </div>
  )
}
