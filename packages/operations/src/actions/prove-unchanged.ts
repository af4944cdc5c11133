import { Bytes, Digest } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { ImageAddress } from './image-address.ts'
import { baseName } from './path-words.ts'

/** Reads the disk of an image again, chain and all; fails with `digest-mismatch` when it is not what it was. */
export const proveUnchanged = defineAction({
  name: 'prove-unchanged',
  layer: 'L3',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      image: ImageAddress,
      /** What it was. */
      digest: Digest,
    }),
  ),
  outcome: z.lazy(() =>
    z.object({ digest: Digest, virtualSize: Bytes, seconds: z.number().min(0).default(0) }),
  ),
  words: ({ image: { path, reading } }) => ({
    title: 'Prove that the disk is the same',
    does: `Reads the disk of ${baseName(path)} with its chain again${reading.withoutFree ? ', zeros in place of what its filesystems call free,' : ''} and compares its digest with that of before.`,
  }),
  told: ({ digest }) => `equal: ${digest.slice(0, 16)}…`,
  undo: () => [],
})
