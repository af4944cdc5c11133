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
import { z } from 'zod'
import { lastSequence, Since } from './events.ts'
import { procedure, router } from './trpc.ts'

const Session = z.object({ session: z.string() })

export const agentsRouter = router({
  hello: procedure
    .input(Hello)
    .output(Welcome)
    .mutation(({ ctx, input }) => ctx.services.agents.hello(input, ctx.caller.peer)),
  commands: procedure.input(Session.extend(Since.shape)).subscription(async function* ({
    ctx,
    input,
    signal,
  }) {
    using _stream = ctx.caller.stream()
    const stop = signal ?? new AbortController().signal
    for await (const { id, value } of ctx.services.agents.commands(
      input.session,
      lastSequence(input.lastEventId),
      stop,
    )) {
      yield tracked(String(id), value)
    }
  }),
  report: procedure
    .input(Session.extend({ reports: z.array(JobReport).max(1000) }))
    .mutation(({ ctx, input }) => ctx.services.agents.report(input.session, input.reports)),
  inventory: procedure
    .input(Session.extend({ delta: InventoryDelta }))
    .output(InventoryAnswer)
    .mutation(({ ctx, input }) => ctx.services.agents.inventory(input.session, input.delta)),
  compare: procedure
    .input(Session.extend({ part: InventoryPart }))
    .output(ComparedPart)
    .mutation(({ ctx, input }) => ctx.services.agents.compare(input.session, input.part)),
  places: procedure
    .input(Session.extend({ places: LibraryPlaces }))
    .mutation(({ ctx, input }) => ctx.services.agents.places(input.session, input.places)),
  freed: procedure
    .input(Session.extend({ token: FreedToken }))
    .mutation(({ ctx, input }) => ctx.services.agents.freed(input.session, input.token)),
  manifest: procedure
    .input(Session.extend({ part: ManifestPart }))
    .mutation(({ ctx, input }) => ctx.services.agents.manifest(input.session, input.part)),
})
