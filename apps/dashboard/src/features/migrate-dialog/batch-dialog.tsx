import { Button, Checkbox, Modal, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { countOf, formatBytes } from '@varve/core/binary/format-bytes'
import { needsAcceptance } from '@varve/core/problems/problem'
import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow } from '@varve/protocol/images'
import { problemToWords } from '../../components/problem-to-words.ts'
import { ErrorCard, SkeletonRows } from '../../components/states.tsx'
import { estimateToWords } from '../../components/time-to-words.ts'
import { useTRPC } from '../../data/trpc.ts'
import styles from '../../plans/plan.module.css'
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
        <FormatFields form={form} onChange={change} className={styles.half} />
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
      {warnings.length > 0 && (
        <ul className={`${styles.warnings} ${styles.batchWarnings}`} aria-label="Warnings to accept">
          {warnings.map(({ problem, images }) => (
            <li key={problem.id}>
              <Checkbox
                size="sm"
                checked={batch.accepted.has(problem.id)}
                onChange={({ currentTarget }) => batch.accept(problem.id, currentTarget.checked)}
                label={`${problem.layer}: ${problemToWords(problem.message)} (${countOf(images, 'image')})`}
                description={`Accept ${problem.id}. Or: ${problem.remedy}`}
              />
            </li>
          ))}
        </ul>
      )}
      <div className={styles.foot}>
        <span className={styles.footWords}>{footWords(batch, hosts)}</span>
        <div className={styles.footButtons}>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="filled" disabled={!batch.canStart} loading={batch.isStarting}>
            {start.words}
          </Button>
        </div>
      </div>
    </form>
  )
}

function PlanRow({ item, onRename }: { readonly item: BatchRow; readonly onRename: (name: string) => void }) {
  const { row, name, nameFault, outcome } = item
  const words = planWords(item)
  return (
    <tr>
      <td data-label="Image">
        <span className={styles.batchName}>{row.name}</span>
        <span className={styles.batchMore}>
          {row.format} on {row.host}
          {row.virtualSize !== null && `, ${formatBytes(row.virtualSize)} disk`}
        </span>
      </td>
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

interface PlanWords {
  readonly text: string
  readonly remedy: string | null
  readonly tone: 'plain' | 'warn' | 'bad' | 'good'
}

function planWords({ plan, planError, nameFault, outcome }: BatchRow): PlanWords {
  if (outcome?.kind === 'started')
    return { text: `started as migration ${outcome.migration.number}`, remedy: null, tone: 'good' }
  if (outcome?.kind === 'failed') return { text: outcome.reason, remedy: outcome.remedy, tone: 'bad' }
  if (nameFault !== null) return { text: 'needs another name', remedy: null, tone: 'bad' }
  if (planError !== null) return { text: planError, remedy: null, tone: 'bad' }
  if (plan === null) return { text: 'planning…', remedy: null, tone: 'plain' }
  if (plan.kind === 'refusal') {
    const [problem] = plan.problems
    return {
      text: problem ? problemToWords(problem.message) : 'It cannot be done.',
      remedy: problem?.remedy ?? null,
      tone: 'bad',
    }
  }
  const { bytes, seconds } = plan.estimate
  const open = plan.warnings.filter(needsAcceptance).length
  const parts = [
    bytes === null ? null : formatBytes(bytes),
    seconds === null ? null : estimateToWords(seconds),
    open === 0 ? null : countOf(open, 'warning'),
  ]
  return {
    text: parts.filter((part) => part !== null).join(' · '),
    remedy: null,
    tone: open === 0 ? 'plain' : 'warn',
  }
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
