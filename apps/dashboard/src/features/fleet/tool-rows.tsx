import type { ToolView } from '@varve/protocol/hosts'
import { Command, Dot } from '../../components/marks.tsx'
import styles from './fleet.module.css'

/** Tools of a host, the missing ones first: what each is for, and the command that installs it. */
export function ToolRows({ tools }: { readonly tools: readonly ToolView[] }) {
  const sorted = tools.toSorted((a, b) => Number(b.path === null) - Number(a.path === null))
  return (
    <ul className={styles.rows}>
      {sorted.map(({ name, version, path, enables, install }) => (
        <li key={name}>
          <div className={`${styles.row} ${styles.tool}`}>
            <Dot tone={path === null ? 'soft' : 'good'} />
            <span style={{ fontWeight: 500 }}>
              {name} <span className={styles.soft}>{path === null ? 'missing' : (version ?? '')}</span>
            </span>
            <span className={styles.soft}>
              {path === null ? `for ${enables}` : enables}
              {path !== null && (
                <>
                  {' '}
                  <code>{path}</code>
                </>
              )}
            </span>
            {path === null && install !== '' && (
              <div className={styles.missing}>
                <Command command={install} />
              </div>
            )}
          </div>
        </li>
      ))}
    </ul>
  )
}
