import { tracked } from '@trpc/server'
import {
  FreedToken,
  Hello,
  InventoryAnswer,
  InventoryDelta,
  InventoryPart,
  JobReport,
  LibraryPlaces,
  ManifestPart,
  ComparedPart,
  Welcome,
} from '@varve/protocol/agent'
import { Membership, RenewRequest } from '@varve/protocol/trust'
import { z } from 'zod'
import { lastSequence, Since } from './events.ts'
import { agentProcedure as procedure, router } from './trpc.ts'

const Session = z.object({ session: z.string() })

export const agentsRouter = router({
  hello: procedure
    .input(Hello)
    .output(Welcome)
    .mutation(({ ctx, input }) => ctx.services.agents.hello(input, ctx.caller)),
  commands: procedure.input(Session.extend(Since.shape)).subscription(async function* ({
    ctx,
    input,
    signal,
  }) {
    using _stream = ctx.caller.stream()
    const stop = signal ?? new AbortController().signal
    for await (const { id, value } of ctx.services.agents.commands(
      { session: input.session, caller: ctx.caller },
      lastSequence(input.lastEventId),
      stop,
    )) {
      yield tracked(String(id), value)
    }
  }),
  report: procedure
    .input(Session.extend({ reports: z.array(JobReport).max(1000) }))
    .mutation(({ ctx, input }) =>
      ctx.services.agents.report({ session: input.session, caller: ctx.caller }, input.reports),
    ),
  inventory: procedure
    .input(Session.extend({ delta: InventoryDelta }))
    .output(InventoryAnswer)
    .mutation(({ ctx, input }) =>
      ctx.services.agents.inventory({ session: input.session, caller: ctx.caller }, input.delta),
    ),
  compare: procedure
    .input(Session.extend({ part: InventoryPart }))
    .output(ComparedPart)
    .mutation(({ ctx, input }) =>
      ctx.services.agents.compare({ session: input.session, caller: ctx.caller }, input.part),
    ),
  places: procedure
    .input(Session.extend({ places: LibraryPlaces }))
    .mutation(({ ctx, input }) =>
      ctx.services.agents.places({ session: input.session, caller: ctx.caller }, input.places),
    ),
  freed: procedure
    .input(Session.extend({ token: FreedToken }))
    .mutation(({ ctx, input }) =>
      ctx.services.agents.freed({ session: input.session, caller: ctx.caller }, input.token),
    ),
  renew: procedure
    .input(Session.extend(RenewRequest.unwrap().shape))
    .output(Membership)
    .mutation(({ ctx, input }) =>
      ctx.services.agents.renew({ session: input.session, caller: ctx.caller }, input.request),
    ),
  manifest: procedure
    .input(Session.extend({ part: ManifestPart }))
    .mutation(({ ctx, input }) =>
      ctx.services.agents.manifest({ session: input.session, caller: ctx.caller }, input.part),
    ),
})
