import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { MigrationView } from '@varve/protocol/migrations'
import { lazy, Suspense } from 'react'
import { Columns, Stack } from '../components/card.tsx'
import { TimeAgo } from '../components/marks.tsx'
import { Notice } from '../components/notice.tsx'
import { PageHead } from '../components/page-head.tsx'
import { ErrorCard, Skeleton } from '../components/states.tsx'
import { useTRPC } from '../data/trpc.ts'
import { Aftermath } from '../features/migration/aftermath.tsx'
import { CancelDialog } from '../features/migration/cancel-dialog.tsx'
import { ForgetMigration } from '../features/migration/forget-migration.tsx'
import { MigrationSide } from '../features/migration/migration-side.tsx'
import { ProgressPanel } from '../features/migration/progress-panel.tsx'
import { StatePill } from '../features/migration/state-pill.tsx'
import { MadeButtons } from '../features/runs/made-buttons.tsx'
import { StepList } from '../plans/step-list.tsx'

const BeforeAfter = lazy(() =>
  import('../features/runs/change/before-after.tsx').then((module) => ({ default: module.BeforeAfter })),
)

const route = getRouteApi('/migrations/$id')

/** One migration: figures, chunk map, steps, route, rate and proof. */
export function MigrationPage() {
  const { id } = route.useParams()
  const { cancel } = route.useSearch()
  const navigate = route.useNavigate()
  const api = useTRPC()
  const query = useQuery(api.migrations.get.queryOptions({ id }))

  if (query.isError && !query.data) {
    return (
      <Stack>
        <PageHead title="Migration" crumbs={<Link to="/runs">Runs</Link>} />
        <ErrorCard error={query.error} onRetry={() => void query.refetch()} />
      </Stack>
    )
  }
  if (!query.data) return <MigrationSkeleton />
  const migration = query.data
  const canCancel = migration.state === 'running' || migration.state === 'waiting'
  return (
    <>
      <MigrationHead
        migration={migration}
        onCancel={canCancel ? () => void navigate({ search: { cancel: true } }) : null}
      />
      <Columns
        main={
          <>
            {migration.stall && (
              <Notice>
                {migration.stall.message} <TimeAgo at={migration.stall.since} />
              </Notice>
            )}
            <Aftermath migration={migration} />
            <ProgressPanel migration={migration} />
            {migration.state === 'succeeded' && (
              <Suspense fallback={null}>
                <BeforeAfter id={migration.id} steps={migration.steps} />
              </Suspense>
            )}
            <StepList steps={migration.steps} isOver={migration.finishedAt !== null} />
          </>
        }
        side={<MigrationSide migration={migration} />}
      />
      <CancelDialog
        migration={migration}
        opened={cancel === true && canCancel}
        onClose={() => void navigate({ search: {}, replace: true })}
      />
    </>
  )
}

interface MigrationHeadProps {
  readonly migration: MigrationView
  readonly onCancel: (() => void) | null
}

function MigrationHead({ migration, onCancel }: MigrationHeadProps) {
  const { number, source, target, startedAt, finishedAt, state } = migration
  const name = source.name.split('/').at(-1) ?? source.name
  return (
    <PageHead
      title={`${name} to ${target.host}`}
      heading={
        <>
          {name} <span style={{ color: 'var(--varve-soft)', fontWeight: 400 }}>to</span> {target.host}
        </>
      }
      crumbs={
        <>
          <Link to="/runs">Runs</Link>
          <span>migration {number}</span>
        </>
      }
      pill={<StatePill migration={migration} />}
      facts={[
        <>
          started {new Date(startedAt).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })},{' '}
          <TimeAgo at={startedAt} />
        </>,
        'the source is only read',
        ...(finishedAt === null ? ['safe to close this page'] : []),
      ]}
      actions={
        <>
          <ForgetMigration migration={migration} />
          {onCancel && (
            <Button color="bad" onClick={onCancel}>
              Cancel
            </Button>
          )}
          {state === 'succeeded' && target.imageId !== null && (
            <MadeButtons made={{ id: target.imageId, name: target.name }} />
          )}
        </>
      }
    />
  )
}

function MigrationSkeleton() {
  return (
    <div role="status" aria-label="Loading">
      <div style={{ height: 89, paddingTop: 4 }}>
        <Skeleton height={14} width={120} />
        <div style={{ height: 8 }} />
        <Skeleton height={26} width={300} />
        <div style={{ height: 8 }} />
        <Skeleton height={16} width={420} />
      </div>
      <Columns
        main={
          <>
            <Skeleton height={346} />
            <Skeleton height={298} />
          </>
        }
        side={
          <>
            <Skeleton height={204} />
            <Skeleton height={130} />
            <Skeleton height={108} />
          </>
        }
      />
    </div>
  )
}
