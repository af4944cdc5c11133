import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { countOf } from '@varve/core/units/format-bytes'
import { notify } from '../../components/notify.ts'
import { tellError } from '../../data/tell-error.ts'
import { useTRPCClient } from '../../data/trpc.ts'
import type { RunLine } from './run-line.ts'

/** Takes what failed and what was canceled out of the list; nothing where there is none. */
export function ClearEnded({ lines }: { readonly lines: readonly RunLine[] }) {
  const client = useTRPCClient()
  const queryClient = useQueryClient()
  const over = lines.filter(({ state }) => state === 'failed' || state === 'canceled')
  const clear = useMutation({
    mutationFn: async () => {
      const hasMigrations = over.some(({ kind }) => kind === 'migration')
      const { cleared } = hasMigrations
        ? await client.migrations.clear.mutate({ states: ['failed', 'canceled'] })
        : { cleared: 0 }
      const runs = over.filter(({ kind }) => kind === 'run')
      for (const { id } of runs) await client.runs.forget.mutate({ id })
      return cleared + runs.length
    },
    onSuccess: (cleared) =>
      void notify({ title: 'Cleared', message: `${countOf(cleared, 'run')}; no image was touched.` }),
    onError: tellError,
    onSettled: () => queryClient.invalidateQueries(),
  })
  if (over.length === 0) return null
  return (
    <Button loading={clear.isPending} onClick={() => clear.mutate()}>
      Clear failed and canceled
    </Button>
  )
}
