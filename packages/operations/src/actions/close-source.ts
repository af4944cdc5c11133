import { ReleaseRequest } from '@varve/protocol/jobs'
import { z } from 'zod'
import { defineAction } from './action.ts'

/** Closes the export of a source that was read to its end, which tells whether it changed meanwhile. One that is closed already tells nothing: the digests decide. */
export const closeSource = defineAction({
  name: 'close-source',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => ReleaseRequest.unwrap().omit({ kind: true })),
  outcome: z.lazy(() => z.object({ isUnchanged: z.boolean().nullable() })),
  words: ({ name }) => ({
    title: 'Close the export',
    does: `Closes the export of ${name}, which must not have changed meanwhile.`,
  }),
  told: ({ isUnchanged }) =>
    isUnchanged === true ? 'closed; its files are as they were' : 'it was closed already',
  undo: () => [],
})
