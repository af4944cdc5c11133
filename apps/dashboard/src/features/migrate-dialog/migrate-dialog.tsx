import { Modal, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow } from '@varve/protocol/images'
import { ErrorCard, SkeletonRows } from '../../components/states.tsx'
import { useTRPC } from '../../data/trpc.ts'
import { PlanBody } from '../../plans/plan-body.tsx'
import styles from '../../plans/plan.module.css'
import { nameProblem } from '../../plans/target-formats.ts'
import { ReadingFields } from './reading-fields.tsx'
import { FormatFields, PlaceFields } from './target-fields.tsx'
import { useMigrateForm } from './use-migrate-form.ts'

interface MigrateDialogProps {
  /** The image to migrate; null while the dialog is closed. */
  readonly row: ImageRow | null
  readonly onClose: () => void
  readonly onStarted: (migrationId: string) => void
}

/** A short form with good defaults, and below it the plan that follows from it. */
export function MigrateDialog({ row, onClose, onStarted }: MigrateDialogProps) {
  const api = useTRPC()
  const hosts = useQuery(
    api.fleet.hosts.queryOptions({ sort: 'state', limit: 500 }, { enabled: row !== null }),
  )
  return (
    <Modal
      opened={row !== null}
      onClose={onClose}
      size={720}
      title={`Migrate ${row?.name.split('/').at(-1) ?? ''}`}
    >
      {row && hosts.data && (
        <Form key={row.id} row={row} hosts={hosts.data.rows} onClose={onClose} onStarted={onStarted} />
      )}
      {row && hosts.isPending && <SkeletonRows rows={8} height={48} />}
      {hosts.isError && <ErrorCard error={hosts.error} onRetry={() => void hosts.refetch()} />}
    </Modal>
  )
}

interface FormProps extends MigrateDialogProps {
  readonly row: ImageRow
  readonly hosts: readonly HostView[]
}

function Form({ row, hosts, onClose, onStarted }: FormProps) {
  const { form, change, planned } = useMigrateForm({ row, hosts, onStarted: ({ id }) => onStarted(id) })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (planned.canStart && !planned.starting.isPending) planned.start()
      }}
    >
      <p className={styles.source}>
        From <strong>{row.host}</strong>: {row.format}
        {row.subformat !== null && ` ${row.subformat}`}
        {row.virtualSize !== null && `, ${formatBytes(row.virtualSize)} disk`}
        {row.allocated !== null && `, ${formatBytes(row.allocated)} on the host`}. It stays as it is.
      </p>
      <div className={styles.form}>
        <PlaceFields form={form} hosts={hosts} onChange={change} />
        <TextInput
          className={styles.third}
          label="Name"
          value={form.name}
          error={nameProblem(form.name)}
          spellCheck={false}
          onChange={({ currentTarget }) => change({ name: currentTarget.value })}
        />
        <FormatFields form={form} hosts={hosts} onChange={change} />
        <ReadingFields form={form} plan={planned.plan.data?.plan} onChange={change} />
      </div>
      <PlanBody
        used={planned}
        verb="Migrate"
        ready="The source is only read. What arrives is proven before it gets its name."
        onClose={onClose}
      />
    </form>
  )
}
