import { useQueryClient } from '@tanstack/react-query'
import { tellError } from '../../data/tell-error.ts'
import { useTRPC } from '../../data/trpc.ts'

/** For a mutation of people: what is shown of them is asked for anew, and a refusal is said in the corner. */
export function useChange() {
  const api = useTRPC()
  const queryClient = useQueryClient()
  const refresh = async () => {
    await Promise.all([
      queryClient.invalidateQueries({ queryKey: api.people.pathKey() }),
      queryClient.invalidateQueries({ queryKey: api.account.pathKey() }),
    ])
  }
  return {
    refresh,
    options: {
      onSuccess: refresh,
      onError: tellError,
    },
  }
}
