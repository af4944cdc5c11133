import { volumeAddress } from '@varve/core/image/volume-address'
import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { StagedVolume } from './volume-name.ts'

/** Gives a volume that a run made more length; what is new reads as zeros. */
export const extendVolume = defineAction({
  name: 'extend-volume',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    StagedVolume.extend({
      /** Whole extents or blocks. */
      size: Bytes,
      /** ZFS: room for all of it is kept back. */
      isReserved: z.boolean().default(false),
    }),
  ),
  outcome: z.lazy(() => z.object({ size: Bytes })),
  words: ({ volume, size }) => ({
    title: 'Make the volume larger',
    does: `Gives what is to become ${volumeAddress(volume)} ${formatBytes(size)}; nothing of it is written.`,
  }),
  told: ({ size }) => formatBytes(size),
  undo: () => [],
})
