import { Link } from '@tanstack/react-router'
import { MarkedItem } from '../../components/marked-item.tsx'
import styles from './fleet.module.css'
import type { Attention } from './overview-to-attention.ts'

const words = { block: 'Needs you', warn: 'Warning' } as const

/** What needs a person: what is the case, what to do, and the page that shows it. */
export function AttentionRows({ rows }: { readonly rows: readonly Attention[] }) {
  return (
    <ul className={styles.rows}>
      {rows.map((row) => (
        <li key={row.id} className={styles.marked}>
          <MarkedItem
            severity={row.severity}
            says={words[row.severity]}
            title={row.title}
            text={row.more}
            aside={<Where row={row} />}
          />
        </li>
      ))}
    </ul>
  )
}

function Where({ row }: { readonly row: Attention }) {
  const children = (
    <>
      show it<span className={styles.unseen}> ({row.title})</span>
    </>
  )
  const className = styles.more
  switch (row.page) {
    case 'host':
      return <Link to="/hosts/$name" params={{ name: row.name }} {...{ className, children }} />
    case 'hosts':
      return <Link to="/hosts" search={{ state: 'offline' }} {...{ className, children }} />
    case 'migrations':
      return <Link to="/migrations" search={{ state: 'failed' }} {...{ className, children }} />
    case 'migration':
      return <Link to="/migrations/$id" params={{ id: row.migration }} {...{ className, children }} />
  }
}
