import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { groupThousands } from '@varve/core/binary/format-bytes'
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
import { EndedRows, RunningRows } from '../features/migration/migration-rows.tsx'

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
  const { hosts, running, recent, findings, joinCommand } = overview
  const attention = overviewToAttention(overview)
  if (hosts.length === 0) {
    return (
      <Panel label="No hosts yet">
        <Empty title="No hosts yet" more={<JoinSteps command={joinCommand} />}>
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
          {running.length > 0 && (
            <Card title="Running">
              <RunningRows migrations={running} />
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
            {recent.length === 0 ? (
              <p className={styles.soft}>
                No migration has ended yet. Open an image and press Migrate… to see the plan of one.
              </p>
            ) : (
              <EndedRows migrations={recent.slice(0, 6)} />
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
