import { volumeAddress } from '@varve/core/image/volume-address'
import { Bytes, Digest } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { StagedVolume } from './volume-name.ts'

/** Reads a new volume back from its medium as a disk; fails with `digest-mismatch` when it is not what was written. */
export const proveVolume = defineAction({
  name: 'prove-volume',
  layer: 'L3',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => StagedVolume.extend({ virtualSize: Bytes, expected: Digest })),
  outcome: z.lazy(() =>
    z.object({
      digest: Digest,
      seconds: z.number().min(0).default(0),
      /** Left out in journals of before. */
      virtualSize: Bytes.optional(),
      dataBytes: Bytes.optional(),
      /** Bytes of the chunks that were read back. */
      readBytes: Bytes.nullable().optional(),
    }),
  ),
  words: ({ volume }) => ({
    title: 'Prove that it holds the same disk',
    does: `Reads what is to become ${volumeAddress(volume)} back as a disk and compares its digest; behind the end of the disk zeros are due.`,
  }),
  told: ({ digest }) => `equal: ${digest.slice(0, 16)}…`,
  undo: () => [],
})
