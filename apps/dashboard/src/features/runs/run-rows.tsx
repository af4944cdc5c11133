import { Meter, Pill, TimeAgo } from '../../components/marks.tsx'
import { stateToWords, type RunLine } from './run-line.ts'
import styles from './run-rows.module.css'
import { RunLink } from './run-table.tsx'

/** Runs in short: what, how it stands, and when it ended. */
export function RunRows({ lines }: { readonly lines: readonly RunLine[] }) {
  return (
    <ul className={styles.rows}>
      {lines.map((line) => (
        <Row key={`${line.kind} ${line.id}`} line={line} />
      ))}
    </ul>
  )
}

function Row({ line }: { readonly line: RunLine }) {
  const { state, waitsFor, share, told, finishedAt } = line
  const { words, tone } = stateToWords(state, waitsFor)
  return (
    <li className={styles.row}>
      <span className={styles.title}>
        <RunLink line={line} />
        <Pill tone={tone}>{words}</Pill>
      </span>
      <span className={styles.told} title={told}>
        {share !== null && (
          <Meter
            parts={[{ share, colour: 'var(--varve-L2)' }]}
            label={`${Math.round(share * 100)} % of this step`}
          />
        )}
        <span className={styles.cut}>{told}</span>
      </span>
      <span className={styles.when}>{finishedAt !== null && <TimeAgo at={finishedAt} />}</span>
    </li>
  )
}
