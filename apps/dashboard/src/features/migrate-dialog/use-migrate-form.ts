import { needsAcceptance } from '@varve/core/problems/problem'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query'
import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow } from '@varve/protocol/images'
import type { MigrationView } from '@varve/protocol/migrations'
import { useMemo, useState } from 'react'
import { useTRPC } from '../../data/trpc.ts'
import { changeForm, defaultForm, nameProblem, toRequest, type MigrateForm } from './migrate-form.ts'

interface UseMigrateForm {
  readonly row: ImageRow
  readonly hosts: readonly HostView[]
  readonly onStarted: (migration: MigrationView) => void
}

/** The dialog's state: choices, the plan that follows from them, what was accepted, and the start. */
export function useMigrateForm({ row, hosts, onStarted }: UseMigrateForm) {
  const api = useTRPC()
  const [form, setForm] = useState<MigrateForm>(() => defaultForm(row, hosts))
  const [accepted, setAccepted] = useState<ReadonlySet<string>>(() => new Set())
  const request = useMemo(() => toRequest(form, row.id), [form, row.id])
  // One key for each set of choices: pressing twice starts one migration, changing the plan starts another.
  const idempotencyKey = useMemo(() => makeKey(request.image), [request])
  const [settled] = useDebouncedValue(request, 250)
  const isValid = form.targetHost !== '' && form.targetLibrary !== '' && nameProblem(form.name) === null

  const plan = useQuery(
    api.migrations.plan.queryOptions(settled, {
      enabled: isValid,
      placeholderData: keepPreviousData,
      // The plan rests on facts that change: space, names, who has the image open.
      staleTime: 0,
      refetchInterval: 5000,
    }),
  )
  const start = useMutation(api.migrations.start.mutationOptions({ onSuccess: onStarted }))

  const isCurrent = settled === request && !plan.isPlaceholderData
  const warnings = plan.data?.kind === 'plan' ? plan.data.warnings.filter(needsAcceptance) : []
  const canStart =
    isValid && isCurrent && plan.data?.kind === 'plan' && warnings.every(({ id }) => accepted.has(id))

  return {
    form,
    change: (change: Partial<MigrateForm>) => setForm((now) => changeForm(now, change, hosts)),
    plan,
    isValid,
    isCurrent,
    accepted,
    accept: (id: string, isAccepted: boolean) =>
      setAccepted((now) => {
        const next = new Set(now)
        if (isAccepted) next.add(id)
        else next.delete(id)
        return next
      }),
    canStart,
    start: () =>
      start.mutate({
        ...request,
        idempotencyKey,
        accepted: warnings.map(({ id }) => id).filter((id) => accepted.has(id)),
      }),
    starting: start,
  }
}

/** Unguessable, without `crypto.randomUUID`, which plain HTTP off loopback lacks. */
export function makeKey(image: string): string {
  const random = crypto.getRandomValues(new Uint8Array(16))
  return `${image.slice(0, 40)}-${[...random].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
