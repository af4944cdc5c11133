import { useMutation, useQueryClient } from '@tanstack/react-query'
import { notify } from '../../components/notify.ts'
import { errorToWords } from '../../data/error-to-words.ts'
import { useTRPC } from '../../data/trpc.ts'

/** Sets and removes the schedule of a library, with a notice where it cannot be done. */
export function useScheduleActions() {
  const api = useTRPC()
  const queryClient = useQueryClient()
  const onSuccess = () => queryClient.invalidateQueries({ queryKey: api.schedules.pathKey() })
  const onError = (error: unknown) => {
    const { title, remedy } = errorToWords(error)
    void notify({ color: 'red', title, message: remedy })
  }
  const set = useMutation(api.schedules.set.mutationOptions({ onSuccess, onError }))
  const remove = useMutation(api.schedules.remove.mutationOptions({ onSuccess, onError }))
  return { set, remove }
}
