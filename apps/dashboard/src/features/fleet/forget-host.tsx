import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { HostView } from '@varve/protocol/hosts'
import { useState } from 'react'
import { notify } from '../../components/notify.ts'
import { errorToWords } from '../../data/error-to-words.ts'
import { useTRPC } from '../../data/trpc.ts'

/** Takes a host that is gone out of the fleet, after a second press; nothing where it is connected. */
export function ForgetHost({ host }: { readonly host: HostView }) {
  const api = useTRPC()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const [isAsked, setAsked] = useState(false)
  const forget = useMutation(
    api.fleet.forget.mutationOptions({
      onSuccess: async () => {
        await navigate({ to: '/hosts' })
        await queryClient.invalidateQueries()
      },
      onError: (error) => {
        const { title, remedy } = errorToWords(error)
        void notify({ color: 'red', title, message: remedy })
      },
    }),
  )
  if (host.state === 'connected') return null
  return (
    <Button
      color="bad"
      loading={forget.isPending}
      title="Takes the host and its images out of the inventory; no file is touched"
      onClick={() => (isAsked ? forget.mutate({ name: host.name }) : setAsked(true))}
      onBlur={() => setAsked(false)}
    >
      {isAsked ? `Forget ${host.name} and its images` : 'Forget…'}
    </Button>
  )
}
