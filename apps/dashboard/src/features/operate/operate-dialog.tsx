import { Modal, TextInput } from '@mantine/core'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { RunView } from '@varve/protocol/runs'
import { PlanBody } from '../../plans/plan-body.tsx'
import styles from '../../plans/plan.module.css'
import type { Face, Subject } from './face.ts'
import { fileOf } from './face-parts.ts'
import { Fields } from './fields.tsx'
import { useOperateForm } from './use-operate-form.ts'

interface OperateDialogProps {
  readonly face: Face
  readonly subject: Subject
  /** Left out: what the face and the subject say. */
  readonly title?: string
  readonly onClose: () => void
  readonly onStarted: (run: RunView) => void
}

/** Any operation: a short form with good defaults, and below it the plan that follows from it. */
export function OperateDialog({
  face,
  subject,
  onClose,
  onStarted,
  title = titleOf(face, subject),
}: OperateDialogProps) {
  return (
    <Modal opened onClose={onClose} size={720} title={title}>
      <Form face={face} subject={subject} onClose={onClose} onStarted={onStarted} />
    </Modal>
  )
}

function titleOf(face: Face, subject: Subject): string {
  return face.of === 'image'
    ? `${face.verbOf ?? face.verb} ${fileOf(subject)}`
    : `${face.verb}${subject.target === undefined ? '' : ` ${subject.target}`} on ${subject.host}`
}

function Form({ face, subject, onClose, onStarted }: Omit<OperateDialogProps, 'title'>) {
  const form = useOperateForm({ face, subject, onStarted })
  const { planned, values, change, nameToType, isTyped } = form
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (planned.canStart && isTyped && !planned.starting.isPending) planned.start()
      }}
    >
      <p className={styles.source}>
        {face.about} On <strong>{subject.host}</strong>
        <SourceWords subject={subject} />.
      </p>
      <Fields fields={face.fields(subject, values)} values={values} onChange={change} />
      {nameToType !== null && (
        <TextInput
          className={styles.confirm}
          label={`Type ${nameToType} to say that you mean it`}
          value={form.typed}
          spellCheck={false}
          autoComplete="off"
          onChange={({ currentTarget }) => form.setTyped(currentTarget.value)}
        />
      )}
      <PlanBody
        used={planned}
        verb={face.verb}
        ready={face.readyFor?.(values) ?? face.ready}
        waits={isTyped ? null : `There is no way back: type ${nameToType ?? ''} above.`}
        onClose={onClose}
      />
    </form>
  )
}

function SourceWords({ subject: { row } }: Pick<OperateDialogProps, 'subject'>) {
  if (row === null) return null
  const { format, subformat, virtualSize, allocated } = row
  const words = [
    subformat === null ? format : `${format} ${subformat}`,
    virtualSize === null ? null : `${formatBytes(virtualSize)} disk`,
    allocated === null ? null : `${formatBytes(allocated)} on the host`,
  ]
  return <>: {words.filter((part) => part !== null).join(', ')}</>
}
