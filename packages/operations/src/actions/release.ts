import { ReleaseRequest, ReleaseResult } from '@varve/protocol/jobs'
import { defineAction } from './action.ts'

/** Closes an export; fails with `source-changed` when its files changed since it was opened. */
export const release = defineAction({
  name: 'release',
  layer: 'L3',
  lane: 'short',
  attempts: 3,
  isFinal: false,
  input: ReleaseRequest.omit({ kind: true }),
  outcome: ReleaseResult.omit({ kind: true }),
  words: ({ name }) => ({
    title: 'Close the export',
    does: `Closes the export of ${name}. The source is never written.`,
  }),
  told: () => 'closed',
  undo: () => [],
})
