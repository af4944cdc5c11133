import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { groupThousands } from '@varve/core/units/format-bytes'
import type { Overview } from '@varve/protocol/overview'
import { Card, Columns, Panel, Stack } from '../components/card.tsx'
import { ByteSize } from '../components/marks.tsx'
import { PageHead } from '../components/page-head.tsx'
import { Empty, ErrorCard, Skeleton } from '../components/states.tsx'
import { useTRPC } from '../data/trpc.ts'
import { AttentionRows } from '../features/fleet/attention-rows.tsx'
import { FindingGroups } from '../features/fleet/finding-groups.tsx'
import styles from '../features/fleet/fleet.module.css'
import { HostRows } from '../features/fleet/host-rows.tsx'
import { JoinSteps } from '../features/fleet/join-steps.tsx'
import { overviewToAttention } from '../features/fleet/overview-to-attention.ts'
import { RunningRows } from '../features/migration/migration-rows.tsx'
import { migrationToLine, runToLine } from '../features/runs/run-line.ts'
import { RunRows } from '../features/runs/run-rows.tsx'

/** What needs a person first. */
export function OverviewPage() {
  const api = useTRPC()
  const overview = useQuery(api.fleet.overview.queryOptions())
  if (overview.isError && !overview.data) {
    return (
      <Stack>
        <PageHead title="Overview" />
        <ErrorCard error={overview.error} onRetry={() => void overview.refetch()} />
      </Stack>
    )
  }
  return (
    <>
      <PageHead title="Overview" />
      {overview.data ? <Content overview={overview.data} /> : <OverviewSkeleton />}
    </>
  )
}

function Content({ overview }: { readonly overview: Overview }) {
  const api = useTRPC()
  const open = useQuery(api.runs.list.queryOptions({ state: 'open', limit: 20 }))
  const ended = useQuery(api.runs.list.queryOptions({ state: 'ended', limit: 6 }))
  const { hosts, running, recent, findings } = overview
  const attention = overviewToAttention(overview)
  const going = (open.data ?? []).filter(({ finishedAt }) => finishedAt === null).map(runToLine)
  const results = [...recent.map(migrationToLine), ...(ended.data ?? []).map(runToLine)]
    .toSorted((a, b) => (b.finishedAt ?? '').localeCompare(a.finishedAt ?? ''))
    .slice(0, 6)
  if (hosts.length === 0) {
    return (
      <Panel label="No hosts yet">
        <Empty title="No hosts yet" more={<JoinSteps {...overview} />}>
          Varve shows and moves the disk images that its hosts have. Let the first one join.
        </Empty>
      </Panel>
    )
  }
  return (
    <Columns
      main={
        <>
          {attention.length > 0 && (
            <Card title="Needs a person">
              <AttentionRows rows={attention} />
            </Card>
          )}
          {running.length + going.length > 0 && (
            <Card title="Running">
              {running.length > 0 && <RunningRows migrations={running} />}
              {going.length > 0 && <RunRows lines={going} />}
            </Card>
          )}
          <Card title="Findings">
            {findings.length === 0 ? (
              <p className={styles.soft}>None: every layer that was read is in order.</p>
            ) : (
              <FindingGroups groups={findings} />
            )}
          </Card>
          <Card
            title="Hosts"
            aside={
              <Link to="/hosts" className={styles.more}>
                all hosts
              </Link>
            }
          >
            <HostRows hosts={hosts.slice(0, 8)} />
          </Card>
          <Card
            title="Last results"
            aside={
              <Link to="/runs" className={styles.more}>
                all runs
              </Link>
            }
          >
            {results.length === 0 ? (
              <p className={styles.soft}>
                Nothing has ended yet. Open an image and choose an action to see its plan.
              </p>
            ) : (
              <RunRows lines={results} />
            )}
          </Card>
        </>
      }
      side={<TotalsCard overview={overview} />}
    />
  )
}

function TotalsCard({ overview }: { readonly overview: Overview }) {
  const { images, virtualBytes, allocatedBytes, reclaimableBytes } = overview
  return (
    <Card title="Fleet">
      <dl className={styles.totals}>
        <div>
          <dt>Images</dt>
          <dd>
            <Link to="/images">{groupThousands(images)}</Link>
          </dd>
        </div>
        <div>
          <dt>Guests see</dt>
          <dd>
            <ByteSize bytes={virtualBytes} />
          </dd>
        </div>
        <div>
          <dt>Take on their hosts</dt>
          <dd>
            <ByteSize bytes={allocatedBytes} />
          </dd>
        </div>
        <div style={reclaimableBytes > 0 ? { color: 'var(--varve-warn)' } : undefined}>
          <dt>Reclaimable</dt>
          <dd>
            <ByteSize bytes={reclaimableBytes} />
          </dd>
        </div>
      </dl>
    </Card>
  )
}

function OverviewSkeleton() {
  return (
    <div role="status" aria-label="Loading">
      <Columns
        main={
          <>
            <Skeleton height={110} />
            <Skeleton height={190} />
            <Skeleton height={170} />
          </>
        }
        side={<Skeleton height={176} />}
      />
    </div>
  )
}
