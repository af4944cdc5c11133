import { Bytes, Digest, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'

/** Reads an NBD export back as a disk; fails with `digest-mismatch` when it is not what was written. */
export const proveExport = defineAction({
  name: 'prove-export',
  layer: 'L3',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => z.object({ target: Path, expected: Digest })),
  outcome: z.lazy(() =>
    z.object({ digest: Digest, virtualSize: Bytes, seconds: z.number().min(0).default(0) }),
  ),
  words: ({ target }) => ({
    title: 'Prove that it holds the same disk',
    does: `Reads ${target} back as a disk and compares its digest.`,
  }),
  told: ({ digest }) => `equal: ${digest.slice(0, 16)}…`,
  undo: () => [],
})
