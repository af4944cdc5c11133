import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { groupThousands } from '@varve/core/units/format-bytes'
import type { AuditCheck } from '@varve/protocol/audit'
import { Card } from '../../components/card.tsx'
import { DigestText, Dot, TimeAgo } from '../../components/marks.tsx'
import { ErrorCard } from '../../components/states.tsx'
import { useTRPC } from '../../data/trpc.ts'
import styles from './audit.module.css'

/** Whether the log is whole: asked for, as it goes along all of it. */
export function AuditCheckCard() {
  const api = useTRPC()
  const check = useQuery(
    api.audit.verify.queryOptions({}, { enabled: false, staleTime: Infinity, retry: false }),
  )
  return (
    <Card title="Is it whole?">
      <div className={styles.check}>
        <Button loading={check.isFetching} onClick={() => void check.refetch()}>
          {check.data ? 'Check again' : 'Check the log'}
        </Button>
        {check.data ? (
          <Verdict check={check.data} />
        ) : (
          <span className={styles.soft}>
            Each line holds the hash of the one before, and the last one is signed every day: a line that was
            changed, moved, put in or taken out is found.
          </span>
        )}
      </div>
      {check.data && <Faults check={check.data} />}
      {check.isError && <ErrorCard error={check.error} onRetry={() => void check.refetch()} />}
    </Card>
  )
}

function Verdict({ check: { faultCount, entries, head, signed } }: { readonly check: AuditCheck }) {
  return (
    <>
      <span role="status">
        <Dot tone={faultCount === 0 ? 'good' : 'bad'} />{' '}
        {faultCount === 0
          ? `Whole: ${groupThousands(entries)} lines`
          : `Not whole: ${groupThousands(faultCount)} ${faultCount === 1 ? 'fault' : 'faults'}`}
      </span>
      {signed && (
        <span className={styles.soft}>
          signed up to line {signed.sequence}, <TimeAgo at={signed.at} />
        </span>
      )}
      {head && (
        <span className={styles.soft}>
          head <DigestText digest={head.hash} groups={{ first: 2, last: 2 }} />
        </span>
      )}
    </>
  )
}

function Faults({ check: { faults, alarms, faultCount } }: { readonly check: AuditCheck }) {
  const more = faultCount - faults.length
  const told = [
    ...faults.map(({ message }) => message),
    ...(more > 0 ? [`and ${groupThousands(more)} more`] : []),
    ...alarms.map(({ sequence, message }) => `line ${sequence ?? '?'} says: ${message}`),
  ]
  if (told.length === 0) return null
  return (
    <ul className={styles.faults}>
      {told.map((message) => (
        <li key={message}>{message}</li>
      ))}
    </ul>
  )
}
