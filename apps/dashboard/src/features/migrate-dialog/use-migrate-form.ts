import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow } from '@varve/protocol/images'
import type { MigrationView } from '@varve/protocol/migrations'
import { useMemo, useState } from 'react'
import { useTRPCClient } from '../../data/trpc.ts'
import { nameProblem } from '../../plans/target-formats.ts'
import { usePlanned } from '../../plans/use-planned.ts'
import { changeForm, defaultForm, toRequest, type MigrateForm } from './migrate-form.ts'

interface UseMigrateForm {
  readonly row: ImageRow
  readonly hosts: readonly HostView[]
  readonly onStarted: (migration: MigrationView) => void
}

/** The dialog's state: choices, the plan that follows from them, what was accepted, and the start. */
export function useMigrateForm({ row, hosts, onStarted }: UseMigrateForm) {
  const client = useTRPCClient()
  const [form, setForm] = useState<MigrateForm>(() => defaultForm(row, hosts))
  const request = useMemo(() => toRequest(form, row.id), [form, row.id])
  const planned = usePlanned({
    operation: 'migrate',
    request,
    isValid: form.targetHost !== '' && form.targetLibrary !== '' && nameProblem(form.name) === null,
    plan: async (wish, signal) => ({
      plan: await client.migrations.plan.query(wish, { signal }),
      digest: null,
      script: null,
    }),
    start: (wish, { idempotencyKey, accepted }) =>
      client.migrations.start.mutate({ ...wish, idempotencyKey, accepted }),
    onStarted,
  })
  return {
    form,
    change: (change: Partial<MigrateForm>) => setForm((now) => changeForm(now, change, hosts)),
    planned,
  }
}
