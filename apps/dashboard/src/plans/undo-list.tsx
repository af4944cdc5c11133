import { LayerTag } from '../components/marks.tsx'
import styles from './step-list.module.css'
import type { UndoLine } from './steps-to-undo.ts'

/** What will be stopped and undone, in this order. */
export function UndoList({ lines }: { readonly lines: readonly UndoLine[] }) {
  return (
    <ol className={styles.undo}>
      {lines.map(({ id, layer, words }) => (
        <li key={id}>
          <LayerTag layer={layer} />
          {words}
        </li>
      ))}
    </ol>
  )
}
