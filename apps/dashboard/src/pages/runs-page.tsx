import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Card, Panel, Stack } from '../components/card.tsx'
import { PageHead } from '../components/page-head.tsx'
import { Empty, ErrorCard, SkeletonRows } from '../components/states.tsx'
import { useTRPC } from '../data/trpc.ts'
import styles from '../features/fleet/fleet.module.css'
import { ClearEnded } from '../features/runs/clear-ended.tsx'
import { RunFilters } from '../features/runs/run-filters.tsx'
import { migrationToLine, runToLine } from '../features/runs/run-line.ts'
import { searchRuns } from '../features/runs/run-search.ts'
import { RunTable } from '../features/runs/run-table.tsx'

const route = getRouteApi('/runs')
/** As many as the controller lists at a time. */
const mostListed = 500

/** All that runs or ran, migrations among it, open ones first; the filters stand in the URL. */
export function RunsPage() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const { lines, error, isPending, refetch } = useLines()
  const found = searchRuns(lines, search)
  return (
    <>
      <PageHead title="Runs" actions={<ClearEnded lines={lines} />} />
      <Stack>
        {error !== null && lines.length === 0 && <ErrorCard error={error} onRetry={refetch} />}
        {isPending && (
          <Card title="Runs">
            <SkeletonRows rows={6} height={44} />
          </Card>
        )}
        {!isPending && error === null && lines.length === 0 && (
          <Panel label="No runs yet">
            <Empty
              title="No runs yet"
              more={
                <div style={{ textAlign: 'center' }}>
                  <Link to="/images" className={styles.more}>
                    Choose an image
                  </Link>
                </div>
              }
            >
              Every operation on an image, and every migration, is a run: its plan, carried out step by step,
              with its log. It starts from an image.
            </Empty>
          </Panel>
        )}
        {lines.length > 0 && (
          <Panel label="Runs">
            <RunFilters
              search={search}
              lines={lines}
              shown={found.length}
              onChange={(next) => void navigate({ search: next, replace: true })}
            />
            {found.length > 0 ? (
              <RunTable lines={found} />
            ) : (
              <Empty
                title="No run fits"
                more={
                  <div style={{ textAlign: 'center' }}>
                    <Button onClick={() => void navigate({ search: {}, replace: true })}>Show all</Button>
                  </div>
                }
              >
                None of the newest {lines.length} is like that.
              </Empty>
            )}
          </Panel>
        )}
      </Stack>
    </>
  )
}

/** Runs and migrations in one list; a run that is shown as a migration is in it once. */
function useLines() {
  const api = useTRPC()
  const runs = useQuery(api.runs.list.queryOptions({ limit: mostListed }))
  const migrations = useQuery(api.migrations.list.queryOptions({ limit: mostListed }))
  const moves = new Set((migrations.data ?? []).map(({ id }) => id))
  const lines = [
    ...(runs.data ?? []).filter(({ id }) => !moves.has(id)).map(runToLine),
    ...(migrations.data ?? []).map(migrationToLine),
  ]
  return {
    lines,
    error: runs.error ?? migrations.error,
    isPending: runs.isPending || migrations.isPending,
    refetch: () => {
      void runs.refetch()
      void migrations.refetch()
    },
  }
}
