import type { MigrationView } from '@varve/protocol/migrations'
import type { connect } from './fake-agent.ts'
import { eventually } from './start-test-controller.ts'

type Client = ReturnType<typeof connect>['client']

/** Starts the migration of the only image on `north` to `south:web01.qcow2`; gives its id. */
export async function startMigration(client: Client, idempotencyKey = 'test-migration'): Promise<string> {
  const { rows } = await client.images.list.query({ host: 'north' })
  const { id } = await client.migrations.start.mutate({
    image: rows[0]?.id ?? '',
    targetHost: 'south',
    targetLibrary: 'images',
    name: 'web01.qcow2',
    format: 'qcow2',
    idempotencyKey,
  })
  return id
}

/** The migration once it has ended, however that was. */
export function ended(client: Client, id: string): Promise<MigrationView> {
  return eventually(async () => {
    const migration = await client.migrations.get.query({ id })
    return migration.finishedAt !== null && migration
  })
}

/** Waits until a step of the migration is in this state. */
export function reached(client: Client, id: string, step: string, state: string): Promise<MigrationView> {
  return eventually(async () => {
    const migration = await client.migrations.get.query({ id })
    return migration.steps.some((row) => row.id === step && row.state === state) && migration
  })
}
