import { RolloutView, StartRollout, UpdatesView } from '@varve/protocol/updates'
import { z } from 'zod'
import { procedure, router } from './trpc.ts'

export const updatesRouter = router({
  view: procedure.output(UpdatesView).query(({ ctx }) => ctx.services.updates.view()),
  start: procedure
    .input(StartRollout)
    .output(RolloutView)
    .mutation(({ ctx, input }) => ctx.services.updates.start(input)),
  cancel: procedure
    .input(z.object({ id: z.string().min(1).max(64) }))
    .output(RolloutView)
    .mutation(({ ctx, input }) => ctx.services.updates.cancel(input.id)),
})
