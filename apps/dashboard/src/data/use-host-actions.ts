import { useMutation } from '@tanstack/react-query'
import { notify } from '../components/notify.ts'
import { tellError } from './tell-error.ts'
import { useTRPC } from './trpc.ts'

/** What can be asked of a host, with a notice of how it went. */
export function useHostActions() {
  const api = useTRPC()
  const rescan = useMutation(
    api.fleet.rescan.mutationOptions({
      onSuccess: (_, { name }) =>
        void notify({ title: 'Scan asked for', message: `${name} looks through its libraries again.` }),
      onError: tellError,
    }),
  )
  return { rescan }
}
