import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { RunView } from '@varve/protocol/runs'
import { notify } from '../components/notify.ts'
import { errorToWords } from './error-to-words.ts'
import { useTRPC } from './trpc.ts'

/** What can be asked of a run, with a notice where it cannot be done. */
export function useRunActions() {
  const api = useTRPC()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const onError = (error: unknown) => {
    const { title, remedy } = errorToWords(error)
    void notify({ color: 'red', title, message: remedy })
  }
  const onSuccess = (run: RunView) => {
    queryClient.setQueryData(api.runs.get.queryKey({ id: run.id }), run)
    return queryClient.invalidateQueries({ queryKey: api.runs.log.queryKey({ id: run.id }) })
  }
  const cancel = useMutation(api.runs.cancel.mutationOptions({ onSuccess, onError }))
  const resume = useMutation(api.runs.resume.mutationOptions({ onSuccess, onError }))
  const undo = useMutation(api.runs.undo.mutationOptions({ onSuccess, onError }))
  const forget = useMutation(
    api.runs.forget.mutationOptions({
      onSuccess: async () => {
        await navigate({ to: '/runs' })
        await queryClient.invalidateQueries({ queryKey: api.runs.list.queryKey() })
      },
      onError,
    }),
  )
  return { cancel, resume, undo, forget }
}
