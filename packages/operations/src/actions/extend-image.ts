import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'

/** Gives a raw work image more length; what is new reads as zeros. */
export const extendImage = defineAction({
  name: 'extend-image',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      /** The hidden work image. Absolute. */
      work: Path,
      size: Bytes,
      /** What people call the image. */
      name: Path,
    }),
  ),
  outcome: z.lazy(() => z.object({ size: Bytes })),
  words: ({ size, name }) => ({
    title: 'Make the disk larger',
    does: `Makes the work image of ${baseName(name)} ${formatBytes(size)} long; nothing of it is written.`,
  }),
  told: ({ size }) => formatBytes(size),
  undo: () => [],
})
