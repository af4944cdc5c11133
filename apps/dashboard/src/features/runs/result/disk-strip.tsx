import type { Cells } from './ranges-to-cells.ts'
import styles from './result.module.css'

type Kind = 'data' | 'zero' | 'changed'

/** A disk from its first byte to its last, with what lies where; `label` says the same in words. */
export function DiskStrip({
  cells,
  label,
}: {
  readonly cells: readonly Cells<Kind>[]
  readonly label: string
}) {
  return (
    <div className={styles.strip} role="img" aria-label={label}>
      {cells.map(({ kind, left, width }) => (
        <span key={left} data-kind={kind} style={{ left: `${left * 100}%`, width: `${width * 100}%` }} />
      ))}
    </div>
  )
}
