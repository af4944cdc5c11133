import { useMutation, useQueryClient } from '@tanstack/react-query'
import { tellError } from '../../data/tell-error.ts'
import { useTRPC } from '../../data/trpc.ts'

/** Sets and removes the schedule of a library, with a notice where it cannot be done. */
export function useScheduleActions() {
  const api = useTRPC()
  const queryClient = useQueryClient()
  const onSuccess = () => queryClient.invalidateQueries({ queryKey: api.schedules.pathKey() })
  const set = useMutation(api.schedules.set.mutationOptions({ onSuccess, onError: tellError }))
  const remove = useMutation(api.schedules.remove.mutationOptions({ onSuccess, onError: tellError }))
  return { set, remove }
}
