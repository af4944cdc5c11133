import { Link } from '@tanstack/react-router'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { RunView } from '@varve/protocol/runs'
import { Card } from '../../components/card.tsx'
import { FactList } from '../../components/fact-list.tsx'
import { ProblemList } from '../../components/states.tsx'
import { durationToWords, estimateToWords } from '../../components/time-to-words.ts'
import styles from './run.module.css'

/** The cards beside the steps: what it is, what was accepted, what was only said. */
export function RunSide({ run }: { readonly run: RunView }) {
  const accepted = run.warnings.filter(({ id }) => run.accepted.includes(id))
  const remarks = run.warnings.filter(({ id }) => !run.accepted.includes(id))
  return (
    <>
      <FactsCard run={run} />
      {accepted.length > 0 && (
        <Card title="Warnings accepted">
          <ProblemList problems={accepted} />
        </Card>
      )}
      {remarks.length > 0 && (
        <Card title="Notes">
          <ProblemList problems={remarks} />
        </Card>
      )}
    </>
  )
}

function FactsCard({ run }: { readonly run: RunView }) {
  const { operation, hosts, estimate, startedAt, finishedAt } = run
  const { seconds, bytes } = estimate
  return (
    <Card title="Run">
      <FactList
        facts={[
          ['Operation', operation],
          [
            hosts.length > 1 ? 'Hosts' : 'Host',
            hosts.map((name, index) => (
              <span key={name}>
                {index > 0 && ', '}
                <Link to="/hosts/$name" params={{ name }} className={styles.link}>
                  {name}
                </Link>
              </span>
            )),
          ],
          [
            'Estimate',
            [
              seconds === null ? null : estimateToWords(seconds),
              bytes === null || bytes === 0 ? null : formatBytes(bytes),
            ]
              .filter((part) => part !== null)
              .join(', ') || 'not known',
          ],
          [
            'Took',
            finishedAt === null
              ? 'it is not over'
              : durationToWords(Date.parse(finishedAt) - Date.parse(startedAt)),
          ],
        ]}
      />
    </Card>
  )
}
