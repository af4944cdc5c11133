import { Button, NativeSelect } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { ActivityRow } from '@varve/protocol/events'
import { toActivitySearch } from '../app/page-search.ts'
import { Card, Panel, Stack } from '../components/card.tsx'
import { Pill, TimeAgo } from '../components/marks.tsx'
import { PageHead } from '../components/page-head.tsx'
import { Empty, ErrorCard, SkeletonRows } from '../components/states.tsx'
import { useTRPC, useTRPCClient } from '../data/trpc.ts'
import { activityToCsv } from '../features/fleet/activity-to-csv.ts'
import styles from '../features/fleet/fleet.module.css'

const route = getRouteApi('/activity')
const pageSize = 100

/** Every change, newest first; narrowed by what it was about, to be saved as a file. */
export function ActivityPage() {
  const { subject } = route.useSearch()
  const navigate = route.useNavigate()
  const api = useTRPC()
  const client = useTRPCClient()
  const query = useInfiniteQuery({
    queryKey: [...api.events.activity.queryKey(), 'pages'],
    queryFn: ({ pageParam, signal }) =>
      client.events.activity.query({ before: pageParam, limit: pageSize }, { signal }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => (page.length < pageSize ? undefined : page.at(-1)?.sequence),
  })
  const all = query.data?.pages.flat() ?? []
  const rows = subject === undefined ? all : all.filter((row) => row.subject === subject)
  return (
    <>
      <PageHead
        title="Activity"
        actions={
          <>
            <NativeSelect
              aria-label="Show"
              value={subject ?? ''}
              onChange={({ currentTarget }) =>
                void navigate({ search: toActivitySearch({ subject: currentTarget.value }), replace: true })
              }
              data={[
                { value: '', label: 'Everything' },
                { value: 'run', label: 'Runs' },
                { value: 'migration', label: 'Migrations' },
                { value: 'image', label: 'Images' },
                { value: 'host', label: 'Hosts' },
              ]}
            />
            <Button disabled={rows.length === 0} onClick={() => save(activityToCsv(rows))}>
              Save as CSV
            </Button>
          </>
        }
      />
      <Stack>
        {query.isError && all.length === 0 && (
          <ErrorCard error={query.error} onRetry={() => void query.refetch()} />
        )}
        {query.isPending && (
          <Card title="Changes">
            <SkeletonRows rows={8} height={40} />
          </Card>
        )}
        {query.data && rows.length === 0 && (
          <Panel label="Nothing happened yet">
            <Empty
              title={
                subject === undefined ? 'Nothing happened yet' : `Nothing about ${subject}s in what is loaded`
              }
            >
              Hosts that join, images that appear or change, runs and migrations are recorded here with their
              time.
            </Empty>
          </Panel>
        )}
        {rows.length > 0 && (
          <Card title="Changes" aside={<span className={styles.soft}>{rows.length} shown</span>}>
            <ul className={styles.rows}>
              {rows.map((row) => (
                <li key={row.sequence}>
                  <div className={`${styles.row} ${styles.activity}`}>
                    <span>
                      <Pill>{row.subject}</Pill>
                    </span>
                    <Subject row={row} />
                    <span className={`${styles.soft} ${styles.right}`}>
                      <TimeAgo at={row.at} />
                    </span>
                  </div>
                </li>
              ))}
            </ul>
          </Card>
        )}
        {query.hasNextPage && (
          <div>
            <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              Show older changes
            </Button>
          </div>
        )}
      </Stack>
    </>
  )
}

function Subject({ row: { subject, subjectId, title } }: { readonly row: ActivityRow }) {
  switch (subject) {
    case 'host':
      return (
        <Link to="/hosts/$name" params={{ name: subjectId }}>
          {title}
        </Link>
      )
    case 'image':
      return (
        <Link to="/images/$id" params={{ id: subjectId }}>
          {title}
        </Link>
      )
    case 'run':
      return (
        <Link to="/runs/$id" params={{ id: subjectId }}>
          {title}
        </Link>
      )
    case 'migration':
      return (
        <Link to="/migrations/$id" params={{ id: subjectId }}>
          {title}
        </Link>
      )
  }
}

function save(csv: string): void {
  const url = URL.createObjectURL(new Blob([csv], { type: 'text/csv' }))
  const link = document.createElement('a')
  link.href = url
  link.download = 'varve-activity.csv'
  link.click()
  URL.revokeObjectURL(url)
}
