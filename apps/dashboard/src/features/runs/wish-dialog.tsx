import { Button, Group, Modal } from '@mantine/core'
import type { RunView } from '@varve/protocol/runs'
import { stepsToUndo } from '../../plans/steps-to-undo.ts'
import { UndoList } from '../../plans/undo-list.tsx'

interface WishDialogProps {
  readonly run: RunView
  /** What is wished; null: nothing, it is closed. */
  readonly wish: 'cancel' | 'undo' | null
  readonly isBusy: boolean
  readonly onConfirm: () => void
  readonly onClose: () => void
}

const words = {
  cancel: { title: 'Cancel', keep: 'Let it run', confirm: 'Cancel the run' },
  undo: { title: 'Undo', keep: 'Leave it as it is', confirm: 'Undo the run' },
} as const

/** Shows what canceling or undoing will do before it does. */
export function WishDialog({ run, wish, isBusy, onConfirm, onClose }: WishDialogProps) {
  const { title, keep, confirm } = words[wish ?? 'cancel']
  const lines = stepsToUndo(run.steps)
  return (
    <Modal opened={wish !== null} onClose={onClose} title={`${title} run ${run.number}?`} size={520}>
      <p>
        {run.summary}.{' '}
        {lines.length === 0 ? 'Nothing has been done that would have to be undone.' : 'This will happen:'}
      </p>
      {lines.length > 0 && <UndoList lines={lines} />}
      <Group justify="flex-end" gap={8} mt={16}>
        <Button onClick={onClose} data-autofocus>
          {keep}
        </Button>
        <Button color="bad" loading={isBusy} onClick={onConfirm}>
          {confirm}
        </Button>
      </Group>
    </Modal>
  )
}
