import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { MigrationView } from '@varve/protocol/migrations'
import { tellError } from '../../data/tell-error.ts'
import { useTRPC } from '../../data/trpc.ts'

/** Takes one migration that is over out of the list. */
export function ForgetMigration({ migration }: { readonly migration: MigrationView }) {
  const api = useTRPC()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const forget = useMutation(
    api.migrations.forget.mutationOptions({
      onSuccess: async () => {
        await navigate({ to: '/runs' })
        await queryClient.invalidateQueries({ queryKey: api.migrations.list.queryKey() })
      },
      onError: tellError,
    }),
  )
  if (migration.finishedAt === null) return null
  return (
    <Button loading={forget.isPending} onClick={() => forget.mutate({ id: migration.id })}>
      Clear from the list
    </Button>
  )
}
