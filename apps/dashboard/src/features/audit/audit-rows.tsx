import type { AuditLine } from '@varve/protocol/audit'
import { Pill, TimeAgo } from '../../components/marks.tsx'
import styles from './audit.module.css'
import { lineToFacts, resultToPill, whatToWords, whoToWords } from './line-to-words.ts'

/** Lines of the audit log; each opens to all that it holds. */
export function AuditRows({ lines }: { readonly lines: readonly AuditLine[] }) {
  return (
    <ul className={styles.rows}>
      {lines.map((line) => (
        <li key={line.entry.sequence}>
          <details>
            <Summary line={line} />
            <dl className={styles.facts}>
              {lineToFacts(line).map(([name, value]) => (
                <Fact key={name} name={name} value={value} />
              ))}
            </dl>
          </details>
        </li>
      ))}
    </ul>
  )
}

function Summary({ line: { entry } }: { readonly line: AuditLine }) {
  const { words, tone } = resultToPill(entry)
  const about = entry.kind === 'alarm' ? entry.result?.reason : entry.on.join(' · ')
  return (
    <summary className={styles.line}>
      <span className={styles.soft}>
        <TimeAgo at={entry.at} />
      </span>
      <span>{whoToWords(entry)}</span>
      <span>
        {whatToWords(entry)} <span className={styles.about}>{about}</span>
      </span>
      <span>
        <Pill tone={tone}>{words}</Pill>
      </span>
    </summary>
  )
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  )
}
