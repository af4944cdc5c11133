import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Card, Panel, Stack } from '../components/card.tsx'
import { PageHead } from '../components/page-head.tsx'
import { Empty, ErrorCard, SkeletonRows } from '../components/states.tsx'
import { isActive } from '../data/patches.ts'
import { useTRPC } from '../data/trpc.ts'
import styles from '../features/fleet/fleet.module.css'
import { ClearMigrations } from '../features/migration/clear-migrations.tsx'
import { EndedRows, RunningRows } from '../features/migration/migration-rows.tsx'

/** Migrations that run, then those that ended, newest first. */
export function MigrationsPage() {
  const api = useTRPC()
  const query = useQuery(api.migrations.list.queryOptions({ limit: 200 }))
  const running = query.data?.filter(isActive) ?? []
  const ended = query.data?.filter((migration) => !isActive(migration)) ?? []
  return (
    <>
      <PageHead title="Migrations" actions={<ClearMigrations ended={ended} />} />
      <Stack>
        {query.isError && !query.data && (
          <ErrorCard error={query.error} onRetry={() => void query.refetch()} />
        )}
        {query.isPending && (
          <Card title="Ended">
            <SkeletonRows rows={6} height={44} />
          </Card>
        )}
        {query.data?.length === 0 && (
          <Panel label="No migrations yet">
            <Empty
              title="No migrations yet"
              more={
                <div style={{ textAlign: 'center' }}>
                  <Link to="/images" className={styles.more}>
                    Choose an image
                  </Link>
                </div>
              }
            >
              A migration reads an image on one host and writes it on another, in the format you choose, and
              proves that the disk is the same bit for bit. It starts from an image.
            </Empty>
          </Panel>
        )}
        {running.length > 0 && (
          <Card title="Running">
            <RunningRows migrations={running} />
          </Card>
        )}
        {ended.length > 0 && (
          <Card title="Ended">
            <EndedRows migrations={ended} />
          </Card>
        )}
      </Stack>
    </>
  )
}
