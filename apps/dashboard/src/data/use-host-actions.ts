import { useMutation } from '@tanstack/react-query'
import { notify } from '../components/notify.ts'
import { errorToWords } from './error-to-words.ts'
import { useTRPC } from './trpc.ts'

/** What can be asked of a host, with a notice of how it went. */
export function useHostActions() {
  const api = useTRPC()
  const rescan = useMutation(
    api.fleet.rescan.mutationOptions({
      onSuccess: (_, { name }) =>
        void notify({ title: 'Scan asked for', message: `${name} looks through its libraries again.` }),
      onError: (error) => {
        const { title, remedy } = errorToWords(error)
        void notify({ color: 'red', title, message: remedy })
      },
    }),
  )
  return { rescan }
}
