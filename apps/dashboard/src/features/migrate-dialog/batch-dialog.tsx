import { Modal, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { countOf, formatBytes } from '@varve/core/units/format-bytes'
import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow } from '@varve/protocol/images'
import { ErrorCard, SkeletonRows } from '../../components/states.tsx'
import { useTRPC } from '../../data/trpc.ts'
import { BatchFoot, BatchImage } from '../../plans/batch-parts.tsx'
import { planWords, type PlanWords } from '../../plans/batch-words.ts'
import styles from '../../plans/plan.module.css'
import { SharedWarnings } from '../../plans/shared-warnings.tsx'
import { FormatFields, PlaceFields } from './target-fields.tsx'
import { useBatchForm, type BatchRow } from './use-batch-form.ts'

const mostHosts = 500

interface BatchDialogProps {
  /** The images to migrate; null while the dialog is closed. */
  readonly rows: readonly ImageRow[] | null
  readonly onClose: () => void
  /** All of them were started. */
  readonly onStarted: (imageIds: readonly string[]) => void
}

/** Many images at once: one form, one table of plans, one start. */
export function BatchDialog({ rows, onClose, onStarted }: BatchDialogProps) {
  const api = useTRPC()
  const hosts = useQuery(api.fleet.hosts.queryOptions({ limit: mostHosts }, { enabled: rows !== null }))
  return (
    <Modal
      opened={rows !== null}
      onClose={onClose}
      size={960}
      title={rows === null ? 'Migrate' : `Migrate ${countOf(rows.length, 'image')}`}
    >
      {rows && hosts.data && (
        <Form rows={rows} hosts={hosts.data.rows} onClose={onClose} onStarted={onStarted} />
      )}
      {rows && hosts.isPending && <SkeletonRows rows={8} height={48} />}
      {hosts.isError && <ErrorCard error={hosts.error} onRetry={() => void hosts.refetch()} />}
    </Modal>
  )
}

interface FormProps extends Omit<BatchDialogProps, 'rows'> {
  readonly rows: readonly ImageRow[]
  readonly hosts: readonly HostView[]
}

function Form({ rows, hosts, onClose, onStarted }: FormProps) {
  const batch = useBatchForm(rows, hosts)
  const { form, change, start, warnings } = batch
  const begin = async () => {
    const ended = await batch.begin()
    if (ended.length === rows.length && ended.every(({ kind }) => kind === 'started')) {
      onStarted(rows.map(({ id }) => id))
    }
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (batch.canStart) void begin()
      }}
    >
      <div className={styles.form}>
        <PlaceFields form={form} hosts={hosts} onChange={change} />
        <FormatFields form={form} hosts={hosts} onChange={change} className={styles.half} />
      </div>
      <div className={styles.batch}>
        <table className={styles.batchTable}>
          <thead>
            <tr>
              <th scope="col">Image</th>
              <th scope="col">Name on the target</th>
              <th scope="col">Plan</th>
            </tr>
          </thead>
          <tbody>
            {batch.rows.map((row) => (
              <PlanRow key={row.row.id} item={row} onRename={(name) => batch.rename(row.row.id, name)} />
            ))}
          </tbody>
        </table>
      </div>
      <SharedWarnings warnings={warnings} accepted={batch.accepted} onAccept={batch.accept} />
      <BatchFoot
        words={<span className={styles.footWords}>{footWords(batch, hosts)}</span>}
        startWords={start.words}
        canStart={batch.canStart}
        isStarting={batch.isStarting}
        onClose={onClose}
      />
    </form>
  )
}

function PlanRow({ item, onRename }: { readonly item: BatchRow; readonly onRename: (name: string) => void }) {
  const { row, name, nameFault, outcome } = item
  const words = wordsOf(item)
  return (
    <tr>
      <BatchImage row={row} />
      <td>
        <TextInput
          size="xs"
          aria-label={`Name of ${row.name} on the target`}
          value={name}
          error={nameFault}
          spellCheck={false}
          disabled={outcome?.kind === 'started'}
          onChange={({ currentTarget }) => onRename(currentTarget.value)}
        />
      </td>
      <td data-tone={words.tone} className={styles.batchPlan}>
        {words.text}
        {words.remedy !== null && <span className={styles.batchMore}>{words.remedy}</span>}
      </td>
    </tr>
  )
}

function wordsOf(item: BatchRow): PlanWords {
  if (item.nameFault !== null && item.outcome === null)
    return { text: 'needs another name', remedy: null, tone: 'bad' }
  return planWords(item, (migration) => `started as migration ${migration.number}`)
}

function footWords(batch: ReturnType<typeof useBatchForm>, hosts: readonly HostView[]): string {
  const { form, start, warnings, accepted, rows } = batch
  const free = hosts
    .find(({ name }) => name === form.targetHost)
    ?.libraries.find(({ name }) => name === form.targetLibrary)?.place.free
  if (free !== null && free !== undefined && start.bytes > free)
    return `Together they are about ${formatBytes(start.bytes)}, and ${formatBytes(free)} are free there.`
  const open = warnings.filter(({ problem }) => !accepted.has(problem.id)).length
  if (open > 0) return `${countOf(open, 'kind')} of warning still to accept.`
  const refused = rows.filter(({ plan, outcome }) => plan?.kind === 'refusal' && outcome === null).length
  if (refused > 0)
    return `${countOf(refused, 'image')} cannot be migrated as it stands, and stay where they are.`
  return 'The sources are only read. What arrives is proven before it gets its name.'
}
