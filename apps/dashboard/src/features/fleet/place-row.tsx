import type { ReactNode } from 'react'
import { Pill } from '../../components/marks.tsx'
import styles from './fleet.module.css'

interface PlaceRowProps {
  readonly kind: string
  readonly name: string
  /** Beside the name: what is not as it should be. */
  readonly trouble?: string | null
  readonly words: ReactNode
  readonly room: ReactNode
  /** It lies in the one above. */
  readonly isInner?: boolean
}

/** One place of a host, with its room. */
export function PlaceRow({ kind, name, trouble = null, words, room, isInner = false }: PlaceRowProps) {
  return (
    <li>
      <div className={`${styles.row} ${styles.place}`} data-inner={isInner || undefined}>
        <div>
          <div className={styles.title}>
            {name}
            {trouble !== null && <Pill tone="bad">{trouble}</Pill>}
          </div>
          <div className={styles.soft}>{kind}</div>
        </div>
        <div className={styles.soft}>{words}</div>
        <div>{room}</div>
      </div>
    </li>
  )
}
