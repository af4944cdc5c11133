import { DiskError } from '@varve/core/problems/disk-error'
import { EndedState, MigrationRequest, MigrationView, StartMigration } from '@varve/protocol/migrations'
import { PlanView } from '@varve/protocol/plans'
import { MigrationId } from '@varve/protocol/primitives'
import { z } from 'zod'
import { ownKey } from '../people/owner-of.ts'
import { procedure, router } from './trpc.ts'

const MigrationRef = z.object({ id: MigrationId })

export const migrationsRouter = router({
  plan: procedure
    .input(MigrationRequest)
    .output(PlanView)
    .query(({ ctx, input, signal }) => ctx.services.migrations.plan(input, signal)),
  start: procedure
    .input(StartMigration)
    .output(MigrationView)
    .mutation(({ ctx, input, signal }) =>
      ctx.services.migrations.start(
        { ...input, idempotencyKey: ownKey(ctx.caller.identity, input.idempotencyKey) },
        signal,
      ),
    ),
  cancel: procedure
    .input(MigrationRef)
    .output(MigrationView)
    .mutation(({ ctx, input }) => ctx.services.migrations.cancel(input.id)),
  forget: procedure
    .input(MigrationRef)
    .mutation(({ ctx, input }) => ctx.services.migrations.forget(input.id)),
  clear: procedure
    .input(z.object({ states: z.array(EndedState).min(1).max(3) }))
    .output(z.object({ cleared: z.number().int() }))
    .mutation(({ ctx, input }) => ({ cleared: ctx.services.migrations.clear(input.states) })),
  list: procedure
    .input(
      z.object({
        limit: z.number().int().min(1).max(500).default(100),
        /** Only the one of this number, however long ago. */
        number: z.number().int().min(0).nullable().default(null),
      }),
    )
    .output(z.array(MigrationView))
    .query(({ ctx, input }) => ctx.services.migrations.list(input)),
  get: procedure
    .input(MigrationRef)
    .output(MigrationView)
    .query(({ ctx, input }) => {
      const migration = ctx.services.migrations.get(input.id)
      if (!migration) throw new DiskError('not-in-fleet', { file: input.id, kind: 'migration' })
      return migration
    }),
})
