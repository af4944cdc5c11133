import { Bytes, Digest } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { Durability, Staged } from './new-image.ts'
import { baseName } from './path-words.ts'

const Input = z.object({ image: Staged, expected: Digest, durability: Durability.default('synced') })
const Outcome = z.lazy(() =>
  z.object({
    digest: Digest,
    virtualSize: Bytes,
    dataBytes: Bytes,
    seconds: z.number().min(0).default(0),
  }),
)

/** Reads a staged image back as a disk and compares its digest with the expected one; unless `cached`, it is on the medium before it ends. */
export const proveImage = defineAction({
  name: 'prove-image',
  layer: 'L3',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: Input,
  outcome: Outcome,
  words: ({ image }) => ({
    title: 'Prove that it holds the same disk',
    does: `Reads what was written for ${baseName(image.target)} back as a disk and compares its digest.`,
  }),
  told: ({ digest }) => `equal: ${digest.slice(0, 16)}…`,
  undo: () => [],
})
