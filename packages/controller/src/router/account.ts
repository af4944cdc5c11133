import {
  ApiKeyView,
  MadeApiKey,
  Me,
  NewApiKey,
  Password,
  PersonId,
  SessionView,
} from '@varve/protocol/people'
import { z } from 'zod'
import { procedure, router } from './trpc.ts'

const Ref = z.object({ id: PersonId })

/** What everybody sees and changes of themselves. */
export const accountRouter = router({
  me: procedure.output(Me).query(({ ctx }) => ctx.services.people.me(ctx.caller)),
  /** `currentPassword` is left out by who has none yet. The log keeps neither, by their names. */
  setPassword: procedure
    .input(z.object({ currentPassword: z.string().max(128).optional(), newPassword: Password }))
    .mutation(({ ctx, input }) => ctx.services.people.setPassword(ctx.caller, input)),
  sessions: procedure
    .output(z.array(SessionView))
    .query(({ ctx }) => ctx.services.people.sessions(ctx.caller.identity, ctx.caller)),
  endSession: procedure
    .input(Ref)
    .mutation(({ ctx, input }) => ctx.services.people.endSession(ctx.caller.identity, input.id)),
  keys: procedure
    .output(z.array(ApiKeyView))
    .query(({ ctx }) => ctx.services.people.keys(ctx.caller.identity)),
  makeKey: procedure
    .input(NewApiKey)
    .output(MadeApiKey)
    .mutation(({ ctx, input }) => ctx.services.people.makeKey(ctx.caller, input)),
  revokeKey: procedure
    .input(Ref)
    .mutation(({ ctx, input }) => ctx.services.people.revokeKey(ctx.caller.identity, input.id)),
})
