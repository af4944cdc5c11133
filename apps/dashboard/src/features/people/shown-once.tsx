import type { ReactNode } from 'react'
import { Command } from '../../components/marks.tsx'
import styles from './people.module.css'

/** A secret that is shown now and never again, with what to do with it. */
export function ShownOnce({ text, children }: { readonly text: string; readonly children: ReactNode }) {
  return (
    <div className={styles.once} role="status">
      <Command command={text} />
      <p className={styles.soft}>{children}</p>
    </div>
  )
}
