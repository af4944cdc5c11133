import type { RunView } from '@varve/protocol/runs'
import { useMemo, useState } from 'react'
import { useTRPCClient } from '../../data/trpc.ts'
import { isFinal } from '../../plans/planned.ts'
import { usePlanned } from '../../plans/use-planned.ts'
import { formProblem, type Face, type Subject, type Values } from './face.ts'
import { fileOf } from './face-parts.ts'

interface UseOperateForm {
  readonly face: Face
  readonly subject: Subject
  readonly onStarted: (run: RunView) => void
}

/** The dialog's state: what was chosen, the plan that follows from it, what was accepted or typed, and the start. */
export function useOperateForm({ face, subject, onStarted }: UseOperateForm) {
  const client = useTRPCClient()
  const [values, setValues] = useState<Values>(() => face.defaults(subject))
  const [typed, setTyped] = useState('')
  const { host } = subject
  const library = values['library'] ?? subject.library
  // The same object as long as it says the same, whatever else of the subject has changed.
  const wished = JSON.stringify(face.request(subject, values))
  const request = useMemo(
    () => ({ host, library, request: JSON.parse(wished) as Record<string, unknown> }),
    [wished, host, library],
  )
  const planned = usePlanned({
    operation: face.operation,
    request,
    isValid: formProblem(face, subject, values) === null,
    plan: async (wish, signal) => client.runs.plan.query({ ...wish, operation: face.operation }, { signal }),
    start: (wish, { seen, ...consent }) =>
      client.runs.start.mutate({
        ...wish,
        ...consent,
        operation: face.operation,
        ...(seen === null ? {} : { seen }),
      }),
    onStarted,
  })
  const nameToType = isFinal(planned.plan.data?.plan) ? wordOf(subject) : null
  return {
    values,
    change: (change: Values) =>
      setValues((now) => face.change?.(now, change, subject) ?? { ...now, ...change }),
    planned,
    /** What has to be typed because nothing brings it back; null: nothing. */
    nameToType,
    typed,
    setTyped,
    isTyped: nameToType === null || typed.trim() === nameToType,
  }
}

function wordOf(subject: Subject): string {
  return subject.row === null ? (subject.quarantine ?? subject.host) : fileOf(subject)
}
