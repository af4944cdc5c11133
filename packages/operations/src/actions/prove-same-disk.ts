import { Bytes, Digest } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { ImageAddress } from './image-address.ts'
import { baseName } from './path-words.ts'

/** Reads two images as disks, chains and all, and compares their digests; fails with `digest-mismatch` when they differ. */
export const proveSameDisk = defineAction({
  name: 'prove-same-disk',
  layer: 'L3',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => z.object({ first: ImageAddress, second: ImageAddress })),
  outcome: z.lazy(() =>
    z.object({ digest: Digest, virtualSize: Bytes, seconds: z.number().min(0).default(0) }),
  ),
  words: ({ first, second }) => ({
    title: 'Prove that both hold the same disk',
    does: `Reads ${baseName(first.path)} and ${baseName(second.path)} as disks${first.reading.withoutFree && second.reading.withoutFree ? ', zeros in place of what their filesystems call free,' : ''} and compares their digests.`,
  }),
  told: ({ digest }) => `equal: ${digest.slice(0, 16)}…`,
  undo: () => [],
})
