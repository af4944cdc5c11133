import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { groupThousands } from '@varve/core/units/format-bytes'
import type { HostView } from '@varve/protocol/hosts'
import type { QuarantineEntryView } from '@varve/protocol/quarantine'
import { Card } from '../../components/card.tsx'
import { fileName } from '../../components/file-name.ts'
import { ByteSize, TimeAgo } from '../../components/marks.tsx'
import { ErrorCard, SkeletonRows } from '../../components/states.tsx'
import { useNow } from '../../components/use-now.ts'
import { useTRPC } from '../../data/trpc.ts'
import styles from './fleet.module.css'

interface QuarantineCardProps {
  readonly host: HostView
  readonly onDo: (operation: 'restore' | 'purge', quarantine: string) => void
}

/** What was deleted or replaced on a host and can still be brought back. */
export function QuarantineCard({ host, onDo }: QuarantineCardProps) {
  const api = useTRPC()
  const isHere = host.state === 'connected'
  const query = useQuery(api.quarantine.list.queryOptions({ host: host.name }, { enabled: isHere }))
  return (
    <Card title="Quarantine">
      <p className={`${styles.soft} ${styles.lead}`}>
        What was deleted or replaced is kept here, beside where it was, until nobody misses it.
      </p>
      {!isHere && <p className={styles.soft}>It cannot be seen while the agent does not answer.</p>}
      {query.isError && !query.data && <ErrorCard error={query.error} onRetry={() => void query.refetch()} />}
      {isHere && query.isPending && <SkeletonRows rows={2} height={40} />}
      {query.data && (
        <>
          {query.data.entries.length === 0 && <p className={styles.nothing}>Nothing lies in quarantine.</p>}
          <ul className={styles.rows}>
            {query.data.entries.map((entry) => (
              <li key={`${entry.id} ${entry.image}`}>
                <EntryRow entry={entry} onDo={onDo} />
              </li>
            ))}
          </ul>
          {query.data.more > 0 && (
            <p className={styles.soft}>{groupThousands(query.data.more)} older ones are not shown.</p>
          )}
          {query.data.faults.length > 0 && (
            <p className={styles.soft}>Not all of it can be read: {query.data.faults[0]?.message}</p>
          )}
        </>
      )}
    </Card>
  )
}

const reasons = {
  deleted: 'deleted',
  replaced: 'replaced',
  undone: 'made by a run that was undone',
  moved: 'moved to another filesystem',
} as const

function EntryRow({
  entry,
  onDo,
}: {
  readonly entry: QuarantineEntryView
  readonly onDo: QuarantineCardProps['onDo']
}) {
  const { id, why, image, since, until, bytes, format } = entry
  const isOver = Date.parse(until) < useNow(60_000)
  const name = fileName(image)
  return (
    <div className={`${styles.row} ${styles.kept}`}>
      <div>
        <div className={styles.title}>{name}</div>
        <code className={`${styles.soft} ${styles.path}`}>{image}</code>
      </div>
      <div className={styles.soft}>
        {reasons[why]} <TimeAgo at={since} />
        <br />
        {isOver ? 'its time is over' : `kept until ${until.slice(0, 10)}`}
      </div>
      <div className={styles.soft}>
        <ByteSize bytes={bytes} />
        {format !== null && ` · ${format}`}
      </div>
      <div className={styles.keptButtons}>
        <Button size="xs" aria-label={`Restore ${name}`} onClick={() => onDo('restore', id)}>
          Restore…
        </Button>
        <Button
          size="xs"
          color="bad"
          aria-label={`Remove ${name} for good`}
          onClick={() => onDo('purge', id)}
        >
          Remove…
        </Button>
      </div>
    </div>
  )
}
