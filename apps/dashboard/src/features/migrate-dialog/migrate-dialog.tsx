import { needsAcceptance } from '@varve/core/problems/problem'
import { Button, Modal, NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { formatBytes } from '@varve/core/binary/format-bytes'
import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow } from '@varve/protocol/images'
import { useEffect, useRef } from 'react'
import { ErrorCard, SkeletonRows } from '../../components/states.tsx'
import { useTRPC } from '../../data/trpc.ts'
import styles from './migrate-dialog.module.css'
import {
  compressionsOf,
  kindsOf,
  nameProblem,
  targetFormats,
  type Compression,
  type TargetFormat,
} from './migrate-form.ts'
import { PlanReview } from './plan-review.tsx'
import { useMigrateForm } from './use-migrate-form.ts'

interface MigrateDialogProps {
  /** The image to migrate; null while the dialog is closed. */
  readonly row: ImageRow | null
  /** Such as `2 of 3`, when several are migrated one after the other. */
  readonly position?: string
  readonly onClose: () => void
  readonly onStarted: (migrationId: string) => void
}

/** A short form with good defaults, and below it the plan that follows from it. */
export function MigrateDialog({ row, position, onClose, onStarted }: MigrateDialogProps) {
  const api = useTRPC()
  const hosts = useQuery(
    api.fleet.hosts.queryOptions({ sort: 'state', limit: 500 }, { enabled: row !== null }),
  )
  return (
    <Modal
      opened={row !== null}
      onClose={onClose}
      size={720}
      title={`Migrate ${row?.name.split('/').at(-1) ?? ''}${position === undefined ? '' : ` (${position})`}`}
    >
      {row && hosts.data && (
        <Form key={row.id} row={row} hosts={hosts.data.rows} onClose={onClose} onStarted={onStarted} />
      )}
      {row && hosts.isPending && <SkeletonRows rows={8} height={48} />}
      {hosts.isError && <ErrorCard error={hosts.error} onRetry={() => void hosts.refetch()} />}
    </Modal>
  )
}

interface FormProps extends Omit<MigrateDialogProps, 'position'> {
  readonly row: ImageRow
  readonly hosts: readonly HostView[]
}

function Form({ row, hosts, onClose, onStarted }: FormProps) {
  const dialog = useMigrateForm({ row, hosts, onStarted: ({ id }) => onStarted(id) })
  const { form, change, plan, canStart, starting } = dialog
  const first = useRef<HTMLSelectElement>(null)
  useEffect(() => first.current?.focus(), [])
  const libraries = hosts.find(({ name }) => name === form.targetHost)?.libraries ?? []
  const kinds = kindsOf(form.format)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (canStart && !starting.isPending) dialog.start()
      }}
    >
      <p className={styles.source}>
        From <strong>{row.host}</strong>: {row.format}
        {row.subformat !== null && ` ${row.subformat}`}
        {row.virtualSize !== null && `, ${formatBytes(row.virtualSize)} disk`}
        {row.allocated !== null && `, ${formatBytes(row.allocated)} on the host`}. It stays as it is.
      </p>
      <div className={styles.form}>
        <NativeSelect
          className={styles.half}
          label="Target host"
          data-autofocus
          ref={first}
          value={form.targetHost}
          onChange={({ currentTarget }) => change({ targetHost: currentTarget.value })}
          data={hosts.map(({ name, state }) => ({
            value: name,
            label: state === 'connected' ? name : `${name} (offline)`,
          }))}
        />
        <NativeSelect
          className={styles.half}
          label="Library"
          value={form.targetLibrary}
          onChange={({ currentTarget }) => change({ targetLibrary: currentTarget.value })}
          data={libraries.map(({ name, writable, place }) => ({
            value: name,
            label: `${name}${writable ? '' : ' (read-only)'}${place.free === null ? '' : ` – ${formatBytes(place.free)} free`}`,
          }))}
        />
        <TextInput
          className={styles.third}
          label="Name"
          value={form.name}
          error={nameProblem(form.name)}
          spellCheck={false}
          onChange={({ currentTarget }) => change({ name: currentTarget.value })}
        />
        <NativeSelect
          className={styles.third}
          label="Format"
          value={form.format}
          onChange={({ currentTarget }) => change({ format: formatOf(currentTarget.value) })}
          data={targetFormats.map(({ value, label }) => ({ value, label }))}
        />
        {kinds.length > 0 ? (
          <NativeSelect
            className={styles.third}
            label="Kind"
            value={form.subformat ?? kinds[0]}
            onChange={({ currentTarget }) => change({ subformat: currentTarget.value })}
            data={kinds.map((value) => ({ value, label: kindLabels[value] ?? value }))}
          />
        ) : (
          <NativeSelect
            className={styles.third}
            label="Compression"
            disabled={compressionsOf(form.format).length === 1}
            value={form.compression}
            onChange={({ currentTarget }) => change({ compression: compressionOf(currentTarget.value) })}
            data={compressionsOf(form.format).map((value) => ({ value, label: compressionLabels[value] }))}
          />
        )}
      </div>
      {plan.data && (
        <PlanReview
          plan={plan.data}
          isCurrent={dialog.isCurrent}
          accepted={dialog.accepted}
          onAccept={dialog.accept}
        />
      )}
      {!plan.data && plan.isError && <ErrorCard error={plan.error} onRetry={() => void plan.refetch()} />}
      {!plan.data && !plan.isError && (
        <div className={styles.plan} style={{ padding: 16 }}>
          <SkeletonRows rows={7} height={40} />
        </div>
      )}
      {starting.isError && (
        <div style={{ marginTop: 12 }}>
          <ErrorCard error={starting.error} />
        </div>
      )}
      <div className={styles.foot}>
        <span className={styles.footWords}>{footWords(dialog)}</span>
        <div className={styles.footButtons}>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="filled" disabled={!canStart} loading={starting.isPending}>
            {plan.data?.kind === 'plan' ? plan.data.summary : 'Migrate'}
          </Button>
        </div>
      </div>
    </form>
  )
}

function footWords({ plan, accepted, isCurrent }: ReturnType<typeof useMigrateForm>): string {
  if (plan.data?.kind === 'refusal')
    return 'Change the form, or follow the remedy: the plan is made anew by itself.'
  const warnings = plan.data?.warnings.filter(needsAcceptance) ?? []
  const open = warnings.filter(({ id }) => !accepted.has(id)).length
  if (open > 0)
    return open === 1 ? 'One warning is still to accept.' : `${open} warnings are still to accept.`
  return isCurrent ? 'The source is only read. What arrives is proven before it gets its name.' : 'Planning…'
}

/** What people know a kind by; where nothing is said, its name does. */
const kindLabels: Readonly<Record<string, string>> = {
  dynamic: 'dynamic: grows with its data',
  fixed: 'fixed: as large as the disk',
  monolithicSparse: 'monolithicSparse: grows with its data',
  streamOptimized: 'streamOptimized: compressed, to import',
}

const compressionLabels = { none: 'none', zstd: 'zstd: fast', zlib: 'zlib: reads everywhere' } as const

function formatOf(value: string): TargetFormat {
  return targetFormats.find((format) => format.value === value)?.value ?? 'qcow2'
}

function compressionOf(value: string): Compression {
  return value === 'zlib' || value === 'zstd' ? value : 'none'
}
