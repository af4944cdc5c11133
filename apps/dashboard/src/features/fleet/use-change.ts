import { useQueryClient, type QueryKey } from '@tanstack/react-query'
import { tellError } from '../../data/tell-error.ts'

/** For a change of what `queryKey` shows: tells when it could not be done, and looks anew when it was. */
export function useChange(queryKey: QueryKey) {
  const queryClient = useQueryClient()
  return {
    onSuccess: () => queryClient.invalidateQueries({ queryKey }),
    onError: tellError,
  }
}
