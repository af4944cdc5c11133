import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Card, Panel, Stack } from '../components/card.tsx'
import { PageHead } from '../components/page-head.tsx'
import { Empty, ErrorCard, SkeletonRows } from '../components/states.tsx'
import { isActive } from '../data/patches.ts'
import { useTRPC } from '../data/trpc.ts'
import styles from '../features/fleet/fleet.module.css'
import { ClearMigrations } from '../features/migration/clear-migrations.tsx'
import { MigrationFilters } from '../features/migration/migration-filters.tsx'
import { searchMigrations } from '../features/migration/migration-search.ts'
import { MigrationTable } from '../features/migration/migration-table.tsx'

const route = getRouteApi('/migrations')
/** As many as the controller lists at a time. */
const mostShown = 500

/** All migrations, those that run first; the filters stand in the URL. */
export function MigrationsPage() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const api = useTRPC()
  const query = useQuery(api.migrations.list.queryOptions({ limit: mostShown }))
  const all = query.data ?? []
  const found = searchMigrations(all, search)
  const ended = all.filter((migration) => !isActive(migration))
  return (
    <>
      <PageHead title="Migrations" actions={<ClearMigrations ended={ended} />} />
      <Stack>
        {query.isError && !query.data && (
          <ErrorCard error={query.error} onRetry={() => void query.refetch()} />
        )}
        {query.isPending && (
          <Card title="Migrations">
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
        {all.length > 0 && (
          <Panel label="Migrations">
            <MigrationFilters
              search={search}
              migrations={all}
              shown={found.length}
              onChange={(next) => void navigate({ search: next, replace: true })}
            />
            {found.length > 0 ? (
              <MigrationTable migrations={found} />
            ) : (
              <Empty
                title="No migration fits"
                more={
                  <div style={{ textAlign: 'center' }}>
                    <Button onClick={() => void navigate({ search: {}, replace: true })}>Show all</Button>
                  </div>
                }
              >
                None of the newest {all.length} is like that.
              </Empty>
            )}
          </Panel>
        )}
      </Stack>
    </>
  )
}
