import { Modal } from '@mantine/core'
import { countOf } from '@varve/core/units/format-bytes'
import type { ImageRow } from '@varve/protocol/images'
import { SkeletonRows } from '../../components/states.tsx'
import { BatchFoot, BatchImage } from '../../plans/batch-parts.tsx'
import { planWords } from '../../plans/batch-words.ts'
import styles from '../../plans/plan.module.css'
import { SharedWarnings } from '../../plans/shared-warnings.tsx'
import type { Face } from './face.ts'
import { findFace } from './face-table.ts'
import { Fields } from './fields.tsx'
import { rowSubject } from './image-subject.ts'
import { useOperateBatch, type OperateRow } from './use-operate-batch.ts'

interface OperateBatchDialogProps {
  readonly operation: string
  /** The images; null while they are asked for. */
  readonly rows: readonly ImageRow[] | null
  readonly onClose: () => void
  /** All of them were started. */
  readonly onStarted: (imageIds: readonly string[]) => void
}

/** One operation for many images: one form, a table of plans, one start, a run for each. */
export function OperateBatchDialog({ operation, rows, onClose, onStarted }: OperateBatchDialogProps) {
  const face = findFace(operation)
  if (face === null || !face.isForMany) return null
  const title = rows === null ? face.verb : `${face.verb} ${countOf(rows.length, 'image')}`
  return (
    <Modal opened onClose={onClose} size={960} title={title}>
      {rows === null ? (
        <SkeletonRows rows={6} height={48} />
      ) : (
        <Form face={face} rows={rows} onClose={onClose} onStarted={onStarted} />
      )}
    </Modal>
  )
}

interface FormProps extends Pick<OperateBatchDialogProps, 'onClose' | 'onStarted'> {
  readonly face: Face
  readonly rows: readonly ImageRow[]
}

function Form({ face, rows, onClose, onStarted }: FormProps) {
  const batch = useOperateBatch(face, rows)
  const { start, values, change } = batch
  const [first] = rows
  const fields = first ? face.fields(rowSubject(first), values) : []
  const begin = async () => {
    const ended = await batch.begin()
    if (ended.length === rows.length && ended.every(({ kind }) => kind === 'started'))
      onStarted(rows.map(({ id }) => id))
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (batch.canStart) void begin()
      }}
    >
      <p className={styles.source}>{face.about} Each image is a run of its own.</p>
      <Fields
        fields={fields.filter(({ key }) => !face.ownKeys?.includes(key))}
        values={values}
        onChange={change}
      />
      <div className={styles.batch}>
        <table className={styles.batchTable}>
          <thead>
            <tr>
              <th scope="col">Image</th>
              <th scope="col">Plan</th>
            </tr>
          </thead>
          <tbody>
            {batch.rows.map((item) => (
              <PlanRow key={item.row.id} item={item} />
            ))}
          </tbody>
        </table>
      </div>
      <SharedWarnings warnings={batch.warnings} accepted={batch.accepted} onAccept={batch.accept} />
      <BatchFoot
        words={
          <span className={styles.footWords} role="status">
            {footWords(batch, face)}
          </span>
        }
        startWords={start.words}
        canStart={batch.canStart}
        isStarting={batch.isStarting}
        onClose={onClose}
      />
    </form>
  )
}

function PlanRow({ item }: { readonly item: OperateRow }) {
  const { row, unfit, plan } = item
  const words =
    unfit === null
      ? planWords(item, ({ number }) => `started as run ${number}`)
      : { text: unfit, remedy: null, tone: 'bad' as const }
  return (
    <tr>
      <BatchImage row={row} />
      <td data-tone={words.tone} className={styles.batchPlan}>
        {plan?.kind === 'plan' && <span className={styles.batchSummary}>{plan.summary}</span>}
        {words.text}
        {words.remedy !== null && <span className={styles.batchMore}>{words.remedy}</span>}
      </td>
    </tr>
  )
}

function footWords(batch: ReturnType<typeof useOperateBatch>, face: Face): string {
  const { rows, warnings, accepted, plannedCount, openCount } = batch
  const started = rows.filter(({ outcome }) => outcome?.kind === 'started').length
  const failed = rows.filter(({ outcome }) => outcome?.kind === 'failed').length
  if (batch.isStarting) return `${started} of ${rows.length} started…`
  if (started + failed > 0) return `${started} started, ${failed} not.`
  if (plannedCount < openCount) return `${plannedCount} of ${openCount} planned…`
  const open = warnings.filter(({ problem }) => !accepted.has(problem.id)).length
  if (open > 0) return `${countOf(open, 'kind')} of warning still to accept.`
  const refused = rows.filter(({ plan, unfit }) => plan?.kind === 'refusal' || unfit !== null).length
  if (refused > 0) return `${countOf(refused, 'image')} cannot be taken, and stay as they are.`
  return face.ready
}
