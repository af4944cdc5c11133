import { useMutation, useQueryClient } from '@tanstack/react-query'
import { formatBytes } from '@varve/core/units/format-bytes'
import { notify } from '../components/notify.ts'
import { errorToWords } from './error-to-words.ts'
import { useTRPC } from './trpc.ts'

/** What can be done with an image at once, with a notice of how it went. */
export function useImageActions(id: string) {
  const api = useTRPC()
  const queryClient = useQueryClient()
  const refresh = () => queryClient.invalidateQueries({ queryKey: api.images.get.queryKey({ id }) })
  const fail = (error: unknown) => {
    const { title, remedy } = errorToWords(error)
    void notify({ color: 'red', title, message: remedy, autoClose: 12_000 })
  }
  const digest = useMutation(
    api.images.digest.mutationOptions({
      onSuccess: async ({ dataBytes, seconds }) => {
        await refresh()
        void notify({
          title: 'Proof taken',
          message: `${formatBytes(dataBytes)} of data digested in ${seconds.toFixed(1)} s.`,
        })
      },
      onError: fail,
    }),
  )
  const inspect = useMutation(
    api.images.inspect.mutationOptions({
      onSuccess: (image) => {
        queryClient.setQueryData(api.images.get.queryKey({ id }), image)
        void notify({ title: 'Inspected', message: 'All layers were read again.' })
      },
      onError: fail,
    }),
  )
  return { digest, inspect }
}
