import { DiskError } from '@varve/core/problems/disk-error'
import {
  PlanAnswer,
  PlanRequest,
  RunId,
  RunLogEntry,
  RunQuery,
  RunView,
  StartRun,
} from '@varve/protocol/runs'
import { RunImage } from '@varve/protocol/run-images'
import { z } from 'zod'
import { denialOfAct } from '../people/authorization.ts'
import { ownKey } from '../people/owner-of.ts'
import { deniedError, procedure, router } from './trpc.ts'

const RunRef = z.object({ id: RunId })

export const runsRouter = router({
  plan: procedure
    .input(PlanRequest)
    .output(PlanAnswer)
    .query(({ ctx, input, signal }) => ctx.services.runs.plan(input, signal)),
  start: procedure
    .input(StartRun)
    .output(RunView)
    .mutation(({ ctx, input, signal }) =>
      ctx.services.runs.start(
        { ...input, idempotencyKey: ownKey(ctx.caller.identity, input.idempotencyKey) },
        signal,
        (act) => {
          const denial = denialOfAct(ctx.caller.identity, act)
          if (denial !== null) throw deniedError(denial)
        },
      ),
    ),
  cancel: procedure
    .input(RunRef)
    .output(RunView)
    .mutation(({ ctx, input }) => ctx.services.runs.cancel(input.id)),
  resume: procedure
    .input(RunRef)
    .output(RunView)
    .mutation(({ ctx, input }) => ctx.services.runs.resume(input.id)),
  undo: procedure
    .input(RunRef)
    .output(RunView)
    .mutation(({ ctx, input }) => ctx.services.runs.undo(input.id)),
  forget: procedure.input(RunRef).mutation(({ ctx, input }) => ctx.services.runs.forget(input.id)),
  list: procedure
    .input(RunQuery)
    .output(z.array(RunView))
    .query(({ ctx, input }) => ctx.services.runs.list(input)),
  get: procedure
    .input(RunRef)
    .output(RunView)
    .query(({ ctx, input }) => {
      const run = ctx.services.runs.get(input.id)
      if (run) return run
      throw new DiskError('not-in-fleet', { file: input.id, kind: 'run' })
    }),
  log: procedure
    .input(RunRef)
    .output(z.array(RunLogEntry))
    .query(({ ctx, input }) => ctx.services.runs.log(input.id)),
  images: procedure
    .input(RunRef)
    .output(z.array(RunImage))
    .query(({ ctx, input }) => ctx.services.runs.images(input.id)),
})
