import { Button, Group, Modal } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { MigrationView } from '@varve/protocol/migrations'
import { ErrorCard } from '../../components/states.tsx'
import { useTRPC } from '../../data/trpc.ts'
import { stepsToUndo } from '../../plans/steps-to-undo.ts'
import { UndoList } from '../../plans/undo-list.tsx'

interface CancelDialogProps {
  readonly migration: MigrationView
  readonly opened: boolean
  readonly onClose: () => void
}

/** Shows what canceling will undo before it does. */
export function CancelDialog({ migration, opened, onClose }: CancelDialogProps) {
  const api = useTRPC()
  const queryClient = useQueryClient()
  const cancel = useMutation(
    api.migrations.cancel.mutationOptions({
      onSuccess: (canceled) => {
        queryClient.setQueryData(api.migrations.get.queryKey({ id: canceled.id }), canceled)
        onClose()
      },
    }),
  )
  const lines = stepsToUndo(migration.steps)
  return (
    <Modal opened={opened} onClose={onClose} title={`Cancel migration ${migration.number}?`} size={520}>
      <p>
        {migration.source.name} on {migration.source.host} stays as it is.{' '}
        {lines.length === 0 ? 'Nothing has been started that would have to be undone.' : 'This will happen:'}
      </p>
      {lines.length > 0 && <UndoList lines={lines} />}
      {cancel.isError && <ErrorCard error={cancel.error} />}
      <Group justify="flex-end" gap={8} mt={16}>
        <Button onClick={onClose} data-autofocus>
          Let it run
        </Button>
        <Button color="bad" loading={cancel.isPending} onClick={() => cancel.mutate({ id: migration.id })}>
          Cancel the migration
        </Button>
      </Group>
    </Modal>
  )
}
