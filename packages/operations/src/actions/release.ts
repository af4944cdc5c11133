import { ReleaseRequest, ReleaseResult } from '@varve/protocol/jobs'
import { z } from 'zod'
import { defineAction } from './action.ts'

/** Closes an export; fails with `source-changed` when its files changed since it was opened. */
export const release = defineAction({
  name: 'release',
  layer: 'L3',
  lane: 'short',
  attempts: 3,
  isFinal: false,
  input: z.lazy(() => ReleaseRequest.unwrap().omit({ kind: true })),
  outcome: z.lazy(() => ReleaseResult.unwrap().omit({ kind: true })),
  words: ({ name }) => ({
    title: 'Close the export',
    does: `Closes the export of ${name}. The source is never written.`,
  }),
  told: () => 'closed',
  undo: () => [],
})
