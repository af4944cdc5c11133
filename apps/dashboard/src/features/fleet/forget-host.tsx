import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { HostView } from '@varve/protocol/hosts'
import { AskedTwice } from '../../components/asked-twice.tsx'
import { tellError } from '../../data/tell-error.ts'
import { useTRPC } from '../../data/trpc.ts'
import { useMayNot } from '../../data/use-may.ts'

/** Takes a host that is gone out of the fleet, after a second press; nothing where it is connected. */
export function ForgetHost({ host }: { readonly host: HostView }) {
  const api = useTRPC()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const barred = useMayNot()('change-fleet')
  const forget = useMutation(
    api.fleet.forget.mutationOptions({
      onSuccess: async () => {
        await navigate({ to: '/hosts' })
        await queryClient.invalidateQueries()
      },
      onError: tellError,
    }),
  )
  if (host.state === 'connected') return null
  return (
    <AskedTwice
      word="Forget…"
      surely={`Forget ${host.name} and its images`}
      about="Takes the host and its images out of the inventory; no file is touched"
      isBusy={forget.isPending}
      barred={barred}
      onSure={() => forget.mutate({ name: host.name })}
    />
  )
}
