import { VerifyRequest, VerifyResult } from '@varve/protocol/jobs'
import { z } from 'zod'
import { defineAction } from './action.ts'

/** Reads a part file back as a disk and digests it. */
export const verify = defineAction({
  name: 'verify',
  layer: 'L3',
  lane: 'transfer',
  attempts: 3,
  isFinal: false,
  input: z.lazy(() => VerifyRequest.unwrap().omit({ kind: true })),
  outcome: z.lazy(() => VerifyResult.unwrap().omit({ kind: true })),
  words: ({ target }) => ({
    title: 'Read the new image back',
    does: `Reads what was written for ${target.name} back as a disk and digests it.`,
  }),
  told: ({ digest }) => `digest ${digest.slice(0, 16)}…`,
  undo: () => [],
})
