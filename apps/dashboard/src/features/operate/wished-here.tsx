import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { fileName } from '../../components/file-name.ts'
import type { Face, Subject } from './face.ts'
import { findFace } from './face-table.ts'
import { OperateDialog } from './operate-dialog.tsx'

interface WishedHereProps {
  readonly host: string
  /** As something else has worked it out. */
  readonly wish: { readonly operation: string; readonly request: Readonly<Record<string, unknown>> }
  readonly onClose: () => void
}

/** The dialog of an operation whose request is there already: its plan, and the start. Nothing for an operation that is not offered. */
export function WishedHere({ host, wish, onClose }: WishedHereProps) {
  const navigate = useNavigate()
  const face = useMemo(() => wishedFace(wish), [wish])
  if (face === null) return null
  return (
    <OperateDialog
      face={face}
      subject={wishedSubject(host, wish)}
      title={`${face.verbOf ?? face.verb} ${about(wish)}`}
      onClose={onClose}
      onStarted={({ id }) => void navigate({ to: '/runs/$id', params: { id } })}
    />
  )
}

function wishedFace({ operation, request }: WishedHereProps['wish']): Face | null {
  const face = findFace(operation)
  return face && { ...face, defaults: () => ({}), fields: () => [], request: () => ({ ...request }) }
}

function wishedSubject(host: string, { request }: WishedHereProps['wish']): Subject {
  const { id } = request
  return {
    host,
    library: null,
    row: null,
    report: null,
    children: [],
    hostView: null,
    ...(typeof id === 'string' ? { quarantine: id } : {}),
  }
}

/** What the request is about: the first thing that it names. */
function about({ request }: WishedHereProps['wish']): string {
  const [first = ''] = Object.values(request).filter((value) => typeof value === 'string')
  return fileName(first)
}
