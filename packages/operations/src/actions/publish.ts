import { PublishRequest, PublishResult } from '@varve/protocol/jobs'
import { z } from 'zod'
import { defineAction } from './action.ts'

/** Gives a part file its final name, never in the place of another file. Done already, it succeeds. */
export const publish = defineAction({
  name: 'publish',
  layer: 'L1',
  lane: 'short',
  attempts: 5,
  isFinal: true,
  input: z.lazy(() => PublishRequest.unwrap().omit({ kind: true })),
  outcome: z.lazy(() => PublishResult.unwrap().omit({ kind: true })),
  words: ({ target }) => ({
    title: 'Give it its name',
    does: `Renames the part file to ${target.name} in ${target.library}, never over another file. The source stays where it is.`,
  }),
  told: ({ path }) => path,
  undo: () => [],
})
