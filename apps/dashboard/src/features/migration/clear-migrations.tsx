import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { countOf } from '@varve/core/binary/format-bytes'
import type { MigrationView } from '@varve/protocol/migrations'
import { notify } from '../../components/notify.ts'
import { errorToWords } from '../../data/error-to-words.ts'
import { useTRPC } from '../../data/trpc.ts'

function fail(error: unknown): void {
  const { title, remedy } = errorToWords(error)
  void notify({ color: 'red', title, message: remedy })
}

/** Takes what failed and what was canceled out of the list; nothing where there is none. */
export function ClearMigrations({ ended }: { readonly ended: readonly MigrationView[] }) {
  const api = useTRPC()
  const queryClient = useQueryClient()
  const clear = useMutation(
    api.migrations.clear.mutationOptions({
      onSuccess: async ({ cleared }) => {
        await queryClient.invalidateQueries()
        void notify({
          title: 'Cleared',
          message: `${countOf(cleared, 'migration')}; no image was touched.`,
        })
      },
      onError: fail,
    }),
  )
  if (ended.every(({ state }) => state === 'succeeded')) return null
  return (
    <Button loading={clear.isPending} onClick={() => clear.mutate({ states: ['failed', 'canceled'] })}>
      Clear failed and canceled
    </Button>
  )
}

/** Takes one migration that is over out of the list. */
export function ForgetMigration({ migration }: { readonly migration: MigrationView }) {
  const api = useTRPC()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const forget = useMutation(
    api.migrations.forget.mutationOptions({
      onSuccess: async () => {
        await navigate({ to: '/migrations' })
        await queryClient.invalidateQueries({ queryKey: api.migrations.list.queryKey() })
      },
      onError: fail,
    }),
  )
  if (migration.finishedAt === null) return null
  return (
    <Button loading={forget.isPending} onClick={() => forget.mutate({ id: migration.id })}>
      Clear from the list
    </Button>
  )
}
