import { useDebouncedValue } from '@mantine/hooks'
import { useQueries } from '@tanstack/react-query'
import type { ImageRow } from '@varve/protocol/images'
import type { PlanAnswer, RunView } from '@varve/protocol/runs'
import { useMemo, useState } from 'react'
import { errorToWords } from '../../data/error-to-words.ts'
import { useTRPC, useTRPCClient } from '../../data/trpc.ts'
import { batchStart, sharedWarnings } from '../../plans/batch-summary.ts'
import { makeKey } from '../../plans/make-key.ts'
import { useAccepted } from '../../plans/use-accepted.ts'
import { useStarts, type StartOutcome } from '../../plans/use-starts.ts'
import { formProblem, whyNot, type Face, type Subject, type Values } from './face.ts'
import { rowSubject } from './image-subject.ts'

/** One image of a batch: its plan, or why it has none. */
export interface OperateRow {
  readonly row: ImageRow
  /** Why the operation is not offered for it; null: it is. */
  readonly unfit: string | null
  /** Null while it is planned. */
  readonly plan: PlanAnswer['plan'] | null
  readonly planError: string | null
  readonly outcome: StartOutcome<RunView> | null
}

/** One operation for many images: one form, a plan for each of them, made one after the other, and one start that is a run each. */
export function useOperateBatch(face: Face, rows: readonly ImageRow[]) {
  const client = useTRPCClient()
  const [values, setValues] = useState<Values>(() => face.defaults(firstSubject(rows)))
  const { accepted, accept } = useAccepted()
  const starting = useStarts<RunView>()
  const items = rows.map((row) => ({ row, unfit: whyNot(face, rowSubject(row)) }))
  const open = items.filter(
    ({ row, unfit }) => unfit === null && starting.outcomes.get(row.id)?.kind !== 'started',
  )
  const planned = usePlansInTurn(face, {
    rows: open.map(({ row }) => row),
    values,
    isValid: formProblem(face, firstSubject(rows), values) === null,
  })
  const plans = open.map(({ row: { id } }) => ({ id, plan: planned.answers.get(id)?.answer?.plan ?? null }))
  const start = batchStart(plans, accepted, { verb: face.verb, to: '' })
  return {
    values,
    change: (change: Values) =>
      setValues((now) => face.change?.(now, change, firstSubject(rows)) ?? { ...now, ...change }),
    rows: items.map(({ row, unfit }): OperateRow => {
      const one = planned.answers.get(row.id)
      return {
        row,
        unfit,
        plan: one?.answer?.plan ?? null,
        planError: one?.error ?? null,
        outcome: starting.outcomes.get(row.id) ?? null,
      }
    }),
    warnings: sharedWarnings(plans),
    accepted,
    accept,
    start,
    /** Of those that can be planned, how many are. */
    plannedCount: plans.filter(({ plan }) => plan !== null).length,
    openCount: open.length,
    canStart: start.ids.length > 0 && planned.isCurrent && !starting.isRunning,
    isStarting: starting.isRunning,
    begin: () =>
      starting.begin(start.ids, async (id) => {
        const one = planned.answers.get(id)
        if (!one?.answer) throw new Error('it is not planned yet')
        return client.runs.start.mutate({
          ...one.request,
          idempotencyKey: makeKey(`${face.operation}-${id}`),
          accepted: [...accepted],
          seen: one.answer.digest,
        })
      }),
  }
}

function firstSubject(rows: readonly ImageRow[]): Subject {
  const [row] = rows
  if (!row) throw new Error('a batch has at least one image')
  return rowSubject(row)
}

interface InTurn {
  readonly rows: readonly ImageRow[]
  readonly values: Values
  readonly isValid: boolean
}

/** How many are planned at the same time: hosts gather the facts of each afresh. */
const atOnce = 4

function usePlansInTurn(face: Face, { rows, values, isValid }: InTurn) {
  const api = useTRPC()
  const requests = useMemo(
    () =>
      new Map(
        rows.map((row) => {
          const subject = rowSubject(row)
          // Of the form only what is not the first image's own.
          const own = { ...face.defaults(subject), ...shared(face, values) }
          const { host, library } = subject
          return [row.id, { host, library, operation: face.operation, request: face.request(subject, own) }]
        }),
      ),
    [face, rows, values],
  )
  const wanted = JSON.stringify([...requests])
  const [settled] = useDebouncedValue(wanted, 250)
  const isSettled = settled === wanted
  const [reached, setReached] = useState(atOnce)
  const queries = useQueries({
    queries: rows.map(({ id }, at) =>
      api.runs.plan.queryOptions(requests.get(id) ?? { host: '', operation: '', request: {} }, {
        enabled: isValid && isSettled && at < reached,
        staleTime: 0,
        refetchInterval: 30_000,
        retry: false,
      }),
    ),
  })
  const answered = queries.filter(({ data, error }) => data !== undefined || error !== null).length
  if (answered + atOnce > reached && reached < rows.length) setReached(answered + atOnce)
  return {
    isCurrent: isSettled,
    answers: new Map(
      rows.map(({ id }, at) => {
        const query = queries[at]
        const answer = isSettled ? (query?.data ?? null) : null
        const request = requests.get(id) ?? { host: '', operation: '', request: {} }
        return [
          id,
          { request, answer, error: query?.error && !answer ? errorToWords(query.error).title : null },
        ]
      }),
    ),
  }
}

/** What is chosen for all of them. */
function shared(face: Face, values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !face.ownKeys?.includes(key)))
}
