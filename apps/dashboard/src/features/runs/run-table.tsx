import { Link } from '@tanstack/react-router'
import { Meter, Pill, TimeAgo } from '../../components/marks.tsx'
import { stateToWords, type RunLine } from './run-line.ts'
import styles from './run-table.module.css'

/** Runs as a table: what is done, where, and how it stands. */
export function RunTable({ lines }: { readonly lines: readonly RunLine[] }) {
  return (
    <div className={styles.scroll}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col" className={styles.number}>
              No
            </th>
            <th scope="col">What</th>
            <th scope="col">Operation</th>
            <th scope="col">Host</th>
            <th scope="col">State</th>
            <th scope="col">Now, or how it went</th>
            <th scope="col">Ended</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <Row key={`${line.kind} ${line.id}`} line={line} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ line }: { readonly line: RunLine }) {
  const { number, operation, hosts, state, share, told, finishedAt, waitsFor } = line
  const { words, tone } = stateToWords(state, waitsFor)
  return (
    <tr>
      <td className={styles.number}>{number}</td>
      <td className={styles.what}>
        <RunLink line={line} />
      </td>
      <td className={styles.soft}>{operation}</td>
      <td className={`${styles.soft} ${styles.hosts}`}>{hosts.join(', ')}</td>
      <td>
        <Pill tone={tone}>{words}</Pill>
      </td>
      <td className={`${styles.soft} ${styles.told}`}>
        {share !== null && (
          <Meter
            parts={[{ share, colour: 'var(--varve-L2)' }]}
            label={`${Math.round(share * 100)} % of this step`}
          />
        )}
        <span className={styles.cut} title={told}>
          {told}
        </span>
      </td>
      <td className={styles.soft}>{finishedAt === null ? 'not yet' : <TimeAgo at={finishedAt} />}</td>
    </tr>
  )
}

/** The way to the page of a run or a migration. */
export function RunLink({ line: { kind, id, summary } }: { readonly line: RunLine }) {
  return kind === 'run' ? (
    <Link to="/runs/$id" params={{ id }} className={styles.link} title={summary}>
      {summary}
    </Link>
  ) : (
    <Link to="/migrations/$id" params={{ id }} className={styles.link} title={summary}>
      {summary}
    </Link>
  )
}
