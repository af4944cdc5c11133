import { Button } from '@mantine/core'
import type { SessionView } from '@varve/protocol/people'
import { Pill, TimeAgo } from '../../components/marks.tsx'
import { agentToWords } from './agent-to-words.ts'
import styles from './people.module.css'

interface SessionRowsProps {
  readonly label: string
  readonly sessions: readonly SessionView[]
  /** Whether it is said whose they are. */
  readonly isOfMany?: boolean
  /** The one that is being ended. */
  readonly ending: string | null
  readonly onEnd: (id: string) => void
}

/** Where people are signed in, each to be ended. */
export function SessionRows({ label, sessions, isOfMany = false, ending, onEnd }: SessionRowsProps) {
  return (
    <ul className={styles.rows} aria-label={label}>
      {sessions.map(({ id, person, kind, agent, address, madeAt, isThisOne }) => {
        const what = kind === 'command' ? 'Command' : agentToWords(agent)
        return (
          <li key={id} className={`${styles.row} ${styles.session}`}>
            <span className={styles.name}>
              {isOfMany ? person : what}
              {isThisOne && <Pill tone="accent">this one</Pill>}
            </span>
            <span className={styles.soft} title={agent}>
              {isOfMany && `${what}, `}
              {kind === 'command' && agent !== '' && !isOfMany ? `${agent}, ` : ''}
              {address === '' ? 'address not known' : `from ${address}`}
            </span>
            <span className={styles.soft}>
              since <TimeAgo at={madeAt} />
            </span>
            <span className={styles.rowButtons}>
              <Button
                color="bad"
                loading={ending === id}
                aria-label={`End the session of ${isOfMany ? `${person}, ${what}` : what}`}
                onClick={() => onEnd(id)}
              >
                End
              </Button>
            </span>
          </li>
        )
      })}
    </ul>
  )
}
