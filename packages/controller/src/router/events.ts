import { tracked } from '@trpc/server'
import { ActivityRow } from '@varve/protocol/events'
import { z } from 'zod'
import { procedure, router } from './trpc.ts'

/** The id of the last event the client has; tRPC fills it in when it reconnects. */
export const Since = z.object({
  lastEventId: z
    .string()
    .regex(/^\d{1,16}$/u)
    .nullish(),
})

export function lastSequence(lastEventId: string | null | undefined): number | null {
  return lastEventId === null || lastEventId === undefined ? null : Number(lastEventId)
}

export const eventsRouter = router({
  live: procedure.input(Since).subscription(async function* ({ ctx, input, signal }) {
    using _stream = ctx.caller.stream()
    const drained = () => ctx.caller.drained()
    const stop = signal ?? new AbortController().signal
    for await (const { id, value } of ctx.services.events.since(lastSequence(input.lastEventId), {
      signal: stop,
      drained,
    })) {
      yield tracked(String(id), value)
    }
  }),
  activity: procedure
    .input(
      z.object({
        before: z.number().int().nullable().default(null),
        limit: z.number().int().min(1).max(500).default(100),
      }),
    )
    .output(z.array(ActivityRow))
    .query(({ ctx, input }) => ctx.services.events.activity(input.before, input.limit)),
})
