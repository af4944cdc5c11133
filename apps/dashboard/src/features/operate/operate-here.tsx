import { useNavigate } from '@tanstack/react-router'
import type { Subject } from './face.ts'
import { findFace } from './face-table.ts'
import { OperateDialog } from './operate-dialog.tsx'

interface OperateHereProps {
  readonly operation: string
  readonly subject: Subject
  readonly onClose: () => void
}

/** The dialog of an operation; what was started is shown on its page. Nothing for an operation that is not offered. */
export function OperateHere({ operation, subject, onClose }: OperateHereProps) {
  const navigate = useNavigate()
  const face = findFace(operation)
  if (face === null) return null
  return (
    <OperateDialog
      face={face}
      subject={subject}
      onClose={onClose}
      onStarted={({ id }) => void navigate({ to: '/runs/$id', params: { id } })}
    />
  )
}
