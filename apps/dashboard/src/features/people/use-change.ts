import { useQueryClient } from '@tanstack/react-query'
import { notify } from '../../components/notify.ts'
import { errorToWords } from '../../data/error-to-words.ts'
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
      onError: (error: unknown) => {
        const { title, remedy } = errorToWords(error)
        void notify({ color: 'red', title, message: remedy })
      },
    },
  }
}
