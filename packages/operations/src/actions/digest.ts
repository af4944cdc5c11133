import { DigestDone, DigestRequest } from '@varve/protocol/jobs'
import { z } from 'zod'
import { defineAction } from './action.ts'

/** Reads the whole disk of an image of a library on its own host, and digests it. */
export const digestSource = defineAction({
  name: 'digest',
  layer: 'L3',
  lane: 'transfer',
  attempts: 5,
  isFinal: false,
  input: z.lazy(() => DigestRequest.unwrap().omit({ kind: true })),
  outcome: z.lazy(() => DigestDone.unwrap().omit({ kind: true })),
  words: ({ name }) => ({
    title: 'Digest the source',
    does: `Reads the disk of ${name} on its own host, beside the copy, and digests it.`,
  }),
  told: ({ digest }) => `digest ${digest.slice(0, 16)}…`,
  undo: () => [],
})
