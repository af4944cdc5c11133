import { useQueryClient, type QueryKey } from '@tanstack/react-query'
import { notify } from '../../components/notify.ts'
import { errorToWords } from '../../data/error-to-words.ts'

/** For a change of what `queryKey` shows: tells when it could not be done, and looks anew when it was. */
export function useChange(queryKey: QueryKey) {
  const queryClient = useQueryClient()
  return {
    onSuccess: () => queryClient.invalidateQueries({ queryKey }),
    onError: (error: unknown) => {
      const { title, remedy } = errorToWords(error)
      void notify({ color: 'red', title, message: remedy })
    },
  }
}
