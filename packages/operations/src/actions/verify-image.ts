import { Bytes, Digest } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { InUse } from './digest-image.ts'
import { ImageAddress } from './image-address.ts'
import { baseName } from './path-words.ts'

/** Bytes from `start` to before `end`. */
export const Range = z.object({ start: Bytes, end: Bytes })

/** What of a guest's layer lies where something changed. */
export const ChangedLayer = z.lazy(() =>
  z.object({
    layer: z.enum(['L4', 'L5', 'L6']),
    what: z.string(),
    bytes: Bytes,
    ranges: z.array(Range),
  }),
)

const Outcome = z.lazy(() =>
  z.object({
    state: z.enum(['proven', 'differs', 'kept']),
    digest: Digest,
    virtualSize: Bytes,
    /** The digest that it is compared with, and since when it is kept; null: there was none. */
    expected: Digest.nullable(),
    provenAt: z.string(),
    /** Chunks of 4 MiB that differ, how many and which; the first ones only. */
    differing: z.number().int().min(0),
    chunks: z.array(z.number().int().min(0)),
    ranges: z.array(Range),
    layers: z.array(ChangedLayer),
    /** Files of the image that were written to since. */
    filesChanged: z.array(z.string()),
    seconds: z.number().min(0),
  }),
)
export type VerifyOutcome = z.infer<typeof Outcome>

/** Reads the whole disk of an image again and compares it with the manifest that is kept of it, or keeps one. */
export const verifyImage = defineAction({
  name: 'verify-image',
  layer: 'L3',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      image: ImageAddress,
      inUse: InUse,
      /** Keep a manifest of what it holds now instead of comparing. */
      keep: z.boolean().default(false),
    }),
  ),
  outcome: Outcome,
  words: ({ image, keep }) =>
    keep
      ? {
          title: 'Keep a manifest',
          does: `Reads the disk of ${baseName(image.path)} with its chain and keeps the digest of each 4 MiB of it; the image is not changed.`,
        }
      : {
          title: 'Prove it again',
          does: `Reads the disk of ${baseName(image.path)} with its chain, compares it with the manifest that is kept of it, and changes nothing.`,
        },
  told: ({ state, digest, differing }) =>
    state === 'differs' ? `${differing} chunks differ` : `${state}: ${digest.slice(0, 16)}…`,
  undo: () => [],
})
