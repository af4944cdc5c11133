import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { HostView } from '@varve/protocol/hosts'
import type { ActionOutcome } from '@varve/operations/actions/action-table'
import { Card } from '../../components/card.tsx'
import { fileName } from '../../components/file-name.ts'
import { ByteSize, Pill, TimeAgo } from '../../components/marks.tsx'
import { ErrorCard } from '../../components/states.tsx'
import { useTRPC } from '../../data/trpc.ts'
import styles from './fleet.module.css'

interface AttachedCardProps {
  readonly host: HostView
  readonly onDo: (operation: 'detach' | 'umount', target: string) => void
}

/** Images that are block devices of a host, as its kernel has them now; nothing where none is. */
export function AttachedCard({ host, onDo }: AttachedCardProps) {
  const api = useTRPC()
  const isAsked = host.state === 'connected'
  const query = useQuery(
    api.places.attached.queryOptions({ host: host.name }, { enabled: isAsked, staleTime: 0 }),
  )
  const all = query.data?.attached ?? []
  if (query.isError && !query.data)
    return (
      <Card title="Attached">
        <ErrorCard error={query.error} onRetry={() => void query.refetch()} />
      </Card>
    )
  if (all.length === 0) return null
  return (
    <Card title="Attached">
      <p className={`${styles.soft} ${styles.lead}`}>
        Images of its libraries that are disks of this host, as its system has them now.
      </p>
      <ul className={styles.rows}>
        {all.map((one) => (
          <li key={one.attachment}>
            <AttachedRow of={one} isWindows={host.os.platform === 'windows'} onDo={onDo} />
          </li>
        ))}
      </ul>
    </Card>
  )
}

type Attached = ActionOutcome<'list-attached'>['attached'][number]

const states = {
  live: null,
  'half-made': 'half made',
  'dead-server': 'nobody answers for it',
  gone: 'taken away by somebody else',
} as const satisfies Record<Attached['state'], string | null>

interface AttachedRowProps extends Pick<AttachedCardProps, 'onDo'> {
  readonly of: Attached
  readonly isWindows: boolean
}

function AttachedRow({ of, isWindows, onDo }: AttachedRowProps) {
  const { image, device, state, readOnly, throwAway, size, partitions, volumes, mounts, madeAt } = of
  const name = fileName(image)
  const trouble = states[state]
  // What Windows has on a drive letter is ejected there.
  const unmounted = isWindows ? [] : mounts
  const kind = readOnly ? (throwAway ? 'over a throw-away overlay' : 'read-only') : 'for writing'
  const parts = [...partitions, ...volumes].map((one) => one.device)
  return (
    <div className={`${styles.row} ${styles.kept}`}>
      <div>
        <div className={styles.title}>
          {name}
          {trouble !== null && <Pill tone="warn">{trouble}</Pill>}
        </div>
        <code className={`${styles.soft} ${styles.path}`}>{image}</code>
      </div>
      <div className={styles.soft}>
        <code>{device}</code>, {kind}
        {parts.length > 0 && (
          <>
            <br />
            {parts.join(', ')}
          </>
        )}
        {mounts.map((mount) => (
          <div key={mount.folder}>
            <code>{mount.device}</code> at <code>{mount.folder}</code>
          </div>
        ))}
      </div>
      <div className={styles.soft}>
        {state !== 'gone' && <ByteSize bytes={size} />}
        <div>
          since <TimeAgo at={madeAt} />
        </div>
      </div>
      <div className={styles.keptButtons}>
        {unmounted.map(({ folder }) => (
          <Button
            key={folder}
            size="xs"
            aria-label={`Unmount ${folder}`}
            onClick={() => onDo('umount', folder)}
          >
            Unmount…
          </Button>
        ))}
        {unmounted.length === 0 && (
          <Button size="xs" aria-label={`Release ${device}`} onClick={() => onDo('detach', device)}>
            Release…
          </Button>
        )}
      </div>
    </div>
  )
}
