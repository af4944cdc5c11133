import {
  NewPerson,
  PersonId,
  PersonName,
  PersonView,
  ApiKeyView,
  Grant,
  SessionView,
  SignInLink,
} from '@varve/protocol/people'
import { z } from 'zod'
import { procedure, router } from './trpc.ts'

const Ref = z.object({ id: PersonId })
const Named = z.object({ name: PersonName })

/** The people of the fleet; for admins. */
export const peopleRouter = router({
  list: procedure.output(z.array(PersonView)).query(({ ctx }) => ctx.services.people.list()),
  /** Makes a person, and a link that signs them in once. */
  add: procedure
    .input(NewPerson)
    .output(SignInLink)
    .mutation(({ ctx, input }) => ctx.services.people.add(input, ctx.caller)),
  setGrant: procedure
    .input(Named.extend(Grant.unwrap().shape))
    .output(PersonView)
    .mutation(({ ctx, input }) => ctx.services.people.setGrant(input.name, input)),
  /** Keeps somebody out at once, or lets them in again. */
  setDisabled: procedure
    .input(Named.extend({ isDisabled: z.boolean() }))
    .output(PersonView)
    .mutation(({ ctx, input }) => ctx.services.people.setDisabled(input.name, input.isDisabled)),
  remove: procedure.input(Named).mutation(({ ctx, input }) => ctx.services.people.remove(input.name)),
  /** A new link for somebody who cannot sign in; `forgets`: what they signed in with until now. */
  link: procedure
    .input(Named.extend({ forgets: z.boolean().default(false) }))
    .output(SignInLink)
    .mutation(({ ctx, input }) => ctx.services.people.link(input.name, input.forgets, ctx.caller)),
  sessions: procedure
    .output(z.array(SessionView))
    .query(({ ctx }) => ctx.services.people.sessions(null, ctx.caller)),
  endSession: procedure
    .input(Ref)
    .mutation(({ ctx, input }) => ctx.services.people.endSession(null, input.id)),
  keys: procedure.output(z.array(ApiKeyView)).query(({ ctx }) => ctx.services.people.keys(null)),
  revokeKey: procedure.input(Ref).mutation(({ ctx, input }) => ctx.services.people.revokeKey(null, input.id)),
})
