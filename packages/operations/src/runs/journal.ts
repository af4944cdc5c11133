import { ErrorView, Timestamp } from '@varve/protocol/primitives'
import { AskedBy } from '@varve/protocol/runs'
import { z } from 'zod'
import { Plan } from '../plans/plan.ts'

const Call = z.lazy(() => z.object({ action: z.string(), input: z.unknown() }))
const at = Timestamp

/** What happened in a run, oldest first; the first entry says what is to happen. */
export const JournalEntry = z.lazy(() =>
  z.discriminatedUnion('event', [
    z.object({
      event: z.literal('created'),
      at,
      run: z.string(),
      /** What was asked for, as its operation takes it. */
      request: z.unknown(),
      accepted: z.array(z.string()),
      /** Left out: a person asked. */
      askedBy: AskedBy.optional(),
      plan: Plan,
    }),
    /**
     * Written before the first effect; `call` has its references resolved. A held step is started again when another one that
     * uses it is tried again.
     */
    z.object({
      event: z.literal('started'),
      at,
      step: z.string(),
      attempt: z.number(),
      call: Call,
      /** Names the run of the host's machine since its start; left out: not known. */
      boot: z.string().optional(),
    }),
    z.object({
      event: z.literal('done'),
      at,
      step: z.string(),
      attempt: z.number(),
      outcome: z.unknown(),
      /** What it found or did, in a few words. */
      told: z.string(),
    }),
    z.object({
      event: z.literal('failed'),
      at,
      step: z.string(),
      attempt: z.number(),
      error: ErrorView,
      /** Whether what failed may pass by itself, and another attempt follows. */
      again: z.boolean(),
    }),
    /** Somebody's wish: `cancel` before its end, `undo` and `resume` after it. */
    z.object({ event: z.literal('asked'), at, for: z.enum(['cancel', 'undo', 'resume']) }),
    /** The undo of one attempt of a step is done. */
    z.object({ event: z.literal('undone'), at, step: z.string(), attempt: z.number() }),
    z.object({
      event: z.literal('undo-failed'),
      at,
      step: z.string(),
      attempt: z.number(),
      host: z.string(),
      calls: z.array(Call),
      error: ErrorView,
    }),
    z.object({
      event: z.literal('ended'),
      at,
      state: z.enum(['succeeded', 'failed', 'canceled', 'undone']),
      error: ErrorView.nullable(),
    }),
  ]),
)
export type JournalEntry = z.infer<typeof JournalEntry>
export type Created = Extract<JournalEntry, { event: 'created' }>
/** An entry before it has its time. */
export type NewEntry = JournalEntry extends infer Entry
  ? Entry extends JournalEntry
    ? Omit<Entry, 'at'>
    : never
  : never
