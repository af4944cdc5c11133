import { useDebouncedValue } from '@mantine/hooks'
import { useQueries } from '@tanstack/react-query'
import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow } from '@varve/protocol/images'
import type { MigrationView } from '@varve/protocol/migrations'
import type { PlanView } from '@varve/protocol/plans'
import { useEffect, useMemo, useState } from 'react'
import { errorToWords } from '../../data/error-to-words.ts'
import { useTRPC, useTRPCClient } from '../../data/trpc.ts'
import { batchNames, collidingIds } from './batch-names.ts'
import { batchStart, sharedWarnings } from '../../plans/batch-summary.ts'
import { makeKey } from '../../plans/make-key.ts'
import { useAccepted } from '../../plans/use-accepted.ts'
import { useStarts, type StartOutcome } from '../../plans/use-starts.ts'
import { nameProblem } from '../../plans/target-formats.ts'
import { changeForm, defaultForm, toRequest, volumesAt, type MigrateForm } from './migrate-form.ts'

export interface BatchRow {
  readonly row: ImageRow
  readonly name: string
  /** Why the name will not do, or null. */
  readonly nameFault: string | null
  /** Null while it is planned. */
  readonly plan: PlanView | null
  readonly planError: string | null
  readonly outcome: StartOutcome<MigrationView> | null
}

/** The state of a batch: one form for all, a name and a plan for each image, and one start. */
export function useBatchForm(rows: readonly ImageRow[], hosts: readonly HostView[]) {
  const [form, setForm] = useState<MigrateForm>(() => firstForm(rows, hosts))
  const [written, setWritten] = useState<ReadonlyMap<string, string>>(() => new Map())
  const [taken, setTaken] = useState<ReadonlySet<string>>(() => new Set())
  const { accepted, accept } = useAccepted()
  const format = volumesAt(form, hosts) ? null : form.format
  const names = useMemo(() => batchNames(rows, { format, written, taken }), [rows, format, written, taken])
  const client = useTRPCClient()
  const starting = useStarts<MigrationView>()
  const open = rows.filter(({ id }) => starting.outcomes.get(id)?.kind !== 'started')
  const batch = usePlans(open, { form, names, written, onTaken: setTaken })
  const items = open.map(({ id }) => ({ id, plan: batch.plans.get(id)?.plan ?? null }))
  const start = batchStart(items, accepted, { verb: 'Migrate', to: form.targetHost })
  return {
    form,
    change: (change: Partial<MigrateForm>) => {
      setForm((now) => changeForm(now, change, hosts))
      // What another place has says nothing of this one.
      if (change.targetHost !== undefined || change.targetLibrary !== undefined) setTaken(new Set())
    },
    rename: (id: string, name: string) => setWritten((now) => new Map(now).set(id, name)),
    rows: rows.map((row): BatchRow => {
      const planned = batch.plans.get(row.id)
      return {
        row,
        name: names.get(row.id) ?? '',
        nameFault: batch.faults.get(row.id) ?? null,
        plan: planned?.plan ?? null,
        planError: planned?.error ?? null,
        outcome: starting.outcomes.get(row.id) ?? null,
      }
    }),
    warnings: sharedWarnings(items),
    accepted,
    accept,
    start,
    canStart: start.ids.length > 0 && batch.isCurrent && !starting.isRunning,
    isStarting: starting.isRunning,
    begin: () =>
      starting.begin(start.ids, (id) =>
        client.migrations.start.mutate({
          ...(batch.requests.get(id) ?? toRequest(form, id)),
          idempotencyKey: makeKey(id),
          accepted: [...accepted],
        }),
      ),
  }
}

function firstForm(rows: readonly ImageRow[], hosts: readonly HostView[]): MigrateForm {
  const [row] = rows
  if (!row) throw new Error('a batch has at least one image')
  return defaultForm(row, hosts)
}

interface PlansOptions {
  readonly form: MigrateForm
  readonly names: ReadonlyMap<string, string>
  readonly written: ReadonlyMap<string, string>
  readonly onTaken: (update: (now: ReadonlySet<string>) => ReadonlySet<string>) => void
}

/** A plan for each image whose name will do; a name that the target has is changed, unless somebody wrote it. */
function usePlans(rows: readonly ImageRow[], { form, names, written, onTaken }: PlansOptions) {
  const api = useTRPC()
  const colliding = collidingIds(names)
  const requests = new Map(
    rows.map((row) => [row.id, toRequest({ ...form, name: names.get(row.id) ?? '' }, row.id)]),
  )
  const wanted = JSON.stringify([...requests.values()])
  const [settled] = useDebouncedValue(wanted, 250)
  const isSettled = settled === wanted
  const faults = new Map(
    rows.flatMap(({ id }) => {
      const fault = colliding.has(id)
        ? 'Another image of this batch has that name.'
        : nameProblem(names.get(id) ?? '')
      return fault === null ? [] : [[id, fault] as const]
    }),
  )
  const queries = useQueries({
    queries: rows.map(({ id }) =>
      api.migrations.plan.queryOptions(requests.get(id) ?? toRequest(form, id), {
        enabled: isSettled && form.targetLibrary !== '' && !faults.has(id),
        staleTime: 0,
        refetchInterval: 15_000,
      }),
    ),
  })
  const plans = new Map(
    rows.map(({ id }, at) => {
      const query = queries[at]
      const isKnown = isSettled && !faults.has(id)
      return [
        id,
        {
          plan: isKnown ? (query?.data ?? null) : null,
          error: query?.error && !query.data ? errorToWords(query.error).title : null,
        },
      ] as const
    }),
  )
  const newlyTaken = rows.flatMap(({ id }) => {
    const plan = plans.get(id)?.plan
    const isTaken =
      plan?.kind === 'refusal' && plan.problems.some((problem) => problem.id === 'target-name-taken')
    return isTaken && !written.has(id) ? [names.get(id) ?? ''] : []
  })
  const takenKey = newlyTaken.join('\n')
  useEffect(() => {
    if (takenKey !== '') onTaken((now) => new Set([...now, ...takenKey.split('\n')]))
  }, [takenKey, onTaken])
  return { plans, faults, requests, isCurrent: isSettled }
}
