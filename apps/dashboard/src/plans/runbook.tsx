import { Command } from '../components/marks.tsx'
import styles from './plan.module.css'

/** The plan as a script of its host's shell, to read and to copy. */
export function Runbook({ script }: { readonly script: string }) {
  return (
    <details className={styles.runbook}>
      <summary>
        Runbook: the same as a script
        <span className={styles.more} aria-hidden>
          ▸
        </span>
      </summary>
      <Command command={script} />
    </details>
  )
}
