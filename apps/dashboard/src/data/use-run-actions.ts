import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { RunView } from '@varve/protocol/runs'
import { tellError } from './tell-error.ts'
import { useTRPC } from './trpc.ts'

/** What can be asked of a run, with a notice where it cannot be done. */
export function useRunActions() {
  const api = useTRPC()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const onSuccess = (run: RunView) => {
    queryClient.setQueryData(api.runs.get.queryKey({ id: run.id }), run)
    return queryClient.invalidateQueries({ queryKey: api.runs.log.queryKey({ id: run.id }) })
  }
  const cancel = useMutation(api.runs.cancel.mutationOptions({ onSuccess, onError: tellError }))
  const resume = useMutation(api.runs.resume.mutationOptions({ onSuccess, onError: tellError }))
  const undo = useMutation(api.runs.undo.mutationOptions({ onSuccess, onError: tellError }))
  const forget = useMutation(
    api.runs.forget.mutationOptions({
      onSuccess: async () => {
        await navigate({ to: '/runs' })
        await queryClient.invalidateQueries({ queryKey: api.runs.list.queryKey() })
      },
      onError: tellError,
    }),
  )
  return { cancel, resume, undo, forget }
}
