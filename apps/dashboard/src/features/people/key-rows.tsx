import type { ApiKeyView } from '@varve/protocol/people'
import { AskedTwice } from '../../components/asked-twice.tsx'
import { Pill, TimeAgo } from '../../components/marks.tsx'
import { useNow } from '../../components/use-now.ts'
import { grantToWords } from './grant-to-words.ts'
import styles from './people.module.css'

interface KeyRowsProps {
  readonly label: string
  readonly keys: readonly ApiKeyView[]
  /** Whether it is said whose they are. */
  readonly isOfMany?: boolean
  /** The one that is being revoked. */
  readonly revoking: string | null
  readonly onRevoke: (id: string) => void
}

/** Keys of programs, each to be revoked. */
export function KeyRows({ label, keys, isOfMany = false, revoking, onRevoke }: KeyRowsProps) {
  const now = useNow(60_000)
  return (
    <ul className={styles.rows} aria-label={label}>
      {keys.map((key) => {
        const { id, name, person, start, role, usedAt, expiresAt } = key
        const isOver = expiresAt !== null && Date.parse(expiresAt) <= now
        return (
          <li key={id} className={`${styles.row} ${styles.key}`}>
            <span className={styles.name}>
              {name}
              {isOfMany && <span className={styles.soft}>of {person}</span>}
              <code className={styles.soft}>{start}…</code>
            </span>
            <span className={styles.soft}>
              <Pill>{role}</Pill> {grantToWords(key).join('; ')}
            </span>
            <span className={styles.soft}>
              {usedAt === null ? (
                'not used yet'
              ) : (
                <>
                  used <TimeAgo at={usedAt} />
                </>
              )}
              <br />
              {expiresAt === null
                ? 'does not expire'
                : `${isOver ? 'expired' : 'good until'} ${expiresAt.slice(0, 10)}`}
            </span>
            <span className={styles.rowButtons}>
              <AskedTwice
                word="Revoke…"
                surely={`Revoke ${name}`}
                isBusy={revoking === id}
                onSure={() => onRevoke(id)}
              />
            </span>
          </li>
        )
      })}
    </ul>
  )
}
