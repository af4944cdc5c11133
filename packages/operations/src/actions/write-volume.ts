import { formatBytes } from '@varve/core/units/format-bytes'
import { volumeAddress } from '@varve/core/image/volume-address'
import { Bytes, Digest } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { ImageAddress } from './image-address.ts'
import { sourceName } from './path-words.ts'
import { PoolName, StagedVolume } from './volume-name.ts'

/** Writes the disk of an image, chain and all, into a new volume. The source is only read. */
export const writeVolume = defineAction({
  name: 'write-volume',
  layer: 'L1',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    StagedVolume.extend({
      source: ImageAddress,
      inUse: z.enum(['refuse', 'ask', 'accept']).default('refuse'),
      /** The thin pool of LVM that is watched meanwhile; null: its room is its own. */
      pool: PoolName.nullable().default(null),
      /** Whether it reads as zeros where nothing was written. */
      isBlank: z.boolean(),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      digest: Digest,
      virtualSize: Bytes,
      dataBytes: Bytes,
      seconds: z.number().min(0).default(0),
    }),
  ),
  words: ({ source, volume, isBlank }) => ({
    title: 'Write the disk',
    does: `Reads the disk of ${sourceName(source.path)} with its chain and writes it into what is to become ${volumeAddress(volume)}${isBlank ? '; zeros are left out, and take no room' : ', zeros too'}; digests it on the way.`,
  }),
  told: ({ dataBytes }) => `${formatBytes(dataBytes)} of data`,
  undo: () => [],
})
