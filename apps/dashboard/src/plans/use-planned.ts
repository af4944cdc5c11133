import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { makeKey } from './make-key.ts'
import { warningsOf, type Consent, type Planned } from './planned.ts'
import { useAccepted } from './use-accepted.ts'

interface UsePlanned<Request, Started> {
  /** Of what kind the request is. */
  readonly operation: string
  /** The same object as long as the wish is the same. */
  readonly request: Request
  /** Whether it is worth planning. */
  readonly isValid: boolean
  readonly plan: (request: Request, signal: AbortSignal) => Promise<Planned>
  readonly start: (request: Request, consent: Consent) => Promise<Started>
  readonly onStarted: (started: Started) => void
}

/** From a wish to its start: the plan that follows from it, made anew as long as it is shown, what was accepted, and the start. */
export function usePlanned<Request, Started>(options: UsePlanned<Request, Started>) {
  const { operation, request, isValid } = options
  const { accepted, accept } = useAccepted()
  // One key for each wish: pressing twice starts one run, changing the plan starts another.
  const wish = useMemo(() => ({ request, idempotencyKey: makeKey(operation) }), [operation, request])
  const [settled] = useDebouncedValue(request, 250)
  const start = useMutation({
    mutationFn: (consent: Consent) => options.start(request, consent),
    onSuccess: options.onStarted,
  })
  const plan = useQuery({
    queryKey: ['plan', operation, settled],
    queryFn: ({ signal }) => options.plan(settled, signal),
    // Neither what was wished before the last change, nor what a run has begun with.
    enabled: isValid && settled === request && (start.isIdle || start.isError),
    placeholderData: keepPreviousData,
    // The plan rests on facts that change: space, names, who has the image open.
    staleTime: 0,
    refetchInterval: 5000,
  })
  const isCurrent = settled === request && !plan.isPlaceholderData
  const warnings = warningsOf(plan.data?.plan)
  const open = warnings.filter(({ id }) => !accepted.has(id)).length
  const canStart = isValid && isCurrent && plan.data?.plan.kind === 'plan' && open === 0
  return {
    plan,
    isCurrent,
    accepted,
    accept,
    /** Warnings that are still to be accepted. */
    open,
    canStart,
    starting: start,
    start: () =>
      start.mutate({
        idempotencyKey: wish.idempotencyKey,
        accepted: warnings.map(({ id }) => id).filter((id) => accepted.has(id)),
        seen: plan.data?.digest ?? null,
      }),
  }
}

export type UsedPlan = Omit<ReturnType<typeof usePlanned<unknown, unknown>>, 'start'> & {
  readonly start: () => void
}
