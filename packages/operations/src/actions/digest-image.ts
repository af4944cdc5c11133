import { Bytes, Digest } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { ImageAddress } from './image-address.ts'
import { baseName } from './path-words.ts'

/** Whether a disk is read to which others may write. */
export const InUse = z.enum(['refuse', 'accept']).default('refuse')

/** Reads the whole disk of an image, chain and all, and gives its digest. */
export const digestImage = defineAction({
  name: 'digest-image',
  layer: 'L3',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      image: ImageAddress,
      inUse: InUse,
      /** Also the plain SHA-256 over the stream. */
      sha256: z.boolean().default(false),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      digest: Digest,
      sha256: z.string().nullable(),
      virtualSize: Bytes,
      dataBytes: Bytes,
      seconds: z.number().min(0),
    }),
  ),
  words: ({ image }) => ({
    title: 'Digest the disk',
    does: `Reads the disk of ${baseName(image.path)} with its chain, and changes nothing.`,
  }),
  told: ({ digest }) => `digest ${digest}`,
  undo: () => [],
})
