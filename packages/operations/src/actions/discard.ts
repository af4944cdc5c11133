import { DiscardRequest, DiscardResult } from '@varve/protocol/jobs'
import { z } from 'zod'
import { defineAction } from './action.ts'

/** Removes the part file of a pull; one that still runs is stopped first. Done already, it succeeds. */
export const discard = defineAction({
  name: 'discard',
  layer: 'L1',
  lane: 'short',
  attempts: 3,
  isFinal: false,
  input: z.lazy(() => DiscardRequest.unwrap().omit({ kind: true })),
  outcome: z.lazy(() => DiscardResult.unwrap().omit({ kind: true })),
  words: ({ target }) => ({
    title: 'Remove the part file',
    does: `Removes the part file from ${target.library}.`,
  }),
  told: () => 'removed',
  undo: () => [],
})
