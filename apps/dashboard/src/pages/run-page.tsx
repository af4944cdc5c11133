import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { RunView } from '@varve/protocol/runs'
import { lazy, Suspense } from 'react'
import { Columns, Stack } from '../components/card.tsx'
import { Pill, TimeAgo } from '../components/marks.tsx'
import { Notice } from '../components/notice.tsx'
import { PageHead } from '../components/page-head.tsx'
import { ErrorCard, Skeleton } from '../components/states.tsx'
import { useTRPC } from '../data/trpc.ts'
import { useRunActions } from '../data/use-run-actions.ts'
import { quarantineOf } from '../features/runs/quarantine-of.ts'
import { runToLine, stateToWords } from '../features/runs/run-line.ts'
import { RunLog } from '../features/runs/run-log.tsx'
import { RunOutcome } from '../features/runs/run-outcome.tsx'
import { RunProgress } from '../features/runs/run-progress.tsx'
import { RunSide } from '../features/runs/run-side.tsx'
import { WishDialog } from '../features/runs/wish-dialog.tsx'
import { StepList } from '../plans/step-list.tsx'

const RunResult = lazy(() =>
  import('../features/runs/result/run-result.tsx').then((module) => ({ default: module.RunResult })),
)

const OperateHere = lazy(() =>
  import('../features/operate/operate-here.tsx').then((module) => ({ default: module.OperateHere })),
)

const route = getRouteApi('/runs/$id')

/** One run: how far it is, its steps with their commands, what was accepted, its log, and what can be asked of it. */
export function RunPage() {
  const { id } = route.useParams()
  const { wish, do: operation } = route.useSearch()
  const navigate = route.useNavigate()
  const api = useTRPC()
  const query = useQuery(api.runs.get.queryOptions({ id }))
  const actions = useRunActions()
  if (query.isError && !query.data) {
    return (
      <Stack>
        <PageHead title="Run" crumbs={<Link to="/runs">Runs</Link>} />
        <ErrorCard error={query.error} onRetry={() => void query.refetch()} />
      </Stack>
    )
  }
  if (!query.data) return <RunSkeleton />
  const run = query.data
  const close = () => void navigate({ search: {}, replace: true })
  const wanted = wish !== undefined && run.can[wish] ? wish : null
  const quarantine = quarantineOf(run)
  return (
    <>
      <RunHead
        run={run}
        onWish={(what) => void navigate({ search: { wish: what } })}
        onDo={(what) => void navigate({ search: { do: what } })}
        actions={actions}
      />
      <Columns
        main={
          <>
            {run.waitsFor !== null && (
              <Notice>
                It waits for the agent on {run.waitsFor}, which does not answer. It goes on by itself when
                that is back; what was done so far is safe.
              </Notice>
            )}
            <RunOutcome
              run={run}
              isBusy={actions.resume.isPending}
              onResume={() => actions.resume.mutate({ id: run.id })}
              onUndo={() => void navigate({ search: { wish: 'undo' } })}
            />
            <Suspense fallback={null}>{run.state === 'succeeded' && <RunResult run={run} />}</Suspense>
            <RunProgress run={run} />
            <StepList steps={run.steps} isOver={run.finishedAt !== null} />
            <RunLog run={run} />
          </>
        }
        side={<RunSide run={run} />}
      />
      <WishDialog
        run={run}
        wish={wanted}
        isBusy={actions.cancel.isPending || actions.undo.isPending}
        onConfirm={() => {
          if (wanted !== null) actions[wanted].mutate({ id: run.id }, { onSuccess: close })
        }}
        onClose={close}
      />
      {operation !== undefined && quarantine !== null && (
        <Suspense fallback={null}>
          <OperateHere
            operation={operation}
            subject={{ ...quarantine, library: null, row: null, report: null, children: [], hostView: null }}
            onClose={close}
          />
        </Suspense>
      )}
    </>
  )
}

interface RunHeadProps {
  readonly run: RunView
  readonly actions: ReturnType<typeof useRunActions>
  readonly onWish: (wish: 'cancel' | 'undo') => void
  readonly onDo: (operation: string) => void
}

function RunHead({ run, actions, onWish, onDo }: RunHeadProps) {
  const { id, number, summary, hosts, startedAt, finishedAt, askedBy, can, waitsFor } = run
  const { words, tone } = stateToWords(runToLine(run).state, waitsFor)
  const hasOutcome = run.state === 'failed' || run.state === 'canceled'
  return (
    <PageHead
      title={summary}
      crumbs={
        <>
          <Link to="/runs">Runs</Link>
          <span>{number}</span>
        </>
      }
      pill={<Pill tone={tone}>{words}</Pill>}
      facts={[
        `on ${hosts.join(', ')}`,
        <>
          started {askedBy !== null && `by the ${askedBy} `}
          <TimeAgo at={startedAt} />
        </>,
        finishedAt === null ? (
          'safe to close this page'
        ) : (
          <>
            ended <TimeAgo at={finishedAt} />
          </>
        ),
      ]}
      actions={
        <>
          {finishedAt !== null && (
            <Button loading={actions.forget.isPending} onClick={() => actions.forget.mutate({ id })}>
              Clear from the list
            </Button>
          )}
          {quarantineOf(run) !== null && <Button onClick={() => onDo('purge')}>Remove for good…</Button>}
          {can.undo && !hasOutcome && <Button onClick={() => onWish('undo')}>Undo…</Button>}
          {can.cancel && (
            <Button color="bad" onClick={() => onWish('cancel')}>
              Cancel
            </Button>
          )}
        </>
      }
    />
  )
}

function RunSkeleton() {
  return (
    <div role="status" aria-label="Loading">
      <div style={{ height: 89, paddingTop: 4 }}>
        <Skeleton height={14} width={80} />
        <div style={{ height: 8 }} />
        <Skeleton height={26} width={360} />
        <div style={{ height: 8 }} />
        <Skeleton height={16} width={320} />
      </div>
      <Columns
        main={
          <>
            <Skeleton height={170} />
            <Skeleton height={190} />
          </>
        }
        side={<Skeleton height={160} />}
      />
    </div>
  )
}
