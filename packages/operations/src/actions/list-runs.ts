import { countOf } from '@varve/core/units/format-bytes'
import { Timestamp } from '@varve/protocol/primitives'
import { RunPhase } from '@varve/protocol/runs'
import { z } from 'zod'
import { defineAction } from './action.ts'

/** Looks which runs of its own a host has written down. */
export const listRuns = defineAction({
  name: 'list-runs',
  layer: 'all',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => z.object({})),
  outcome: z.lazy(() =>
    z.object({
      /** The newest first. */
      runs: z.array(
        z.object({
          run: z.string(),
          operation: z.string(),
          summary: z.string(),
          state: RunPhase,
          startedAt: Timestamp,
          endedAt: Timestamp.nullable(),
          /** The process that carries it out; null: none does. */
          pid: z.number().int().nullable(),
        }),
      ),
    }),
  ),
  words: () => ({
    title: 'Look which runs there are',
    does: 'Reads the journals of the runs of this host, and changes nothing.',
  }),
  told: ({ runs }) => countOf(runs.length, 'run'),
  undo: () => [],
})
