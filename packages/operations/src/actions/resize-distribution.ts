import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'

/** Has WSL give the disk of a distribution another size, with the ext4 in it. */
export const resizeDistribution = defineAction({
  name: 'resize-distribution',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: true,
  input: z.lazy(() =>
    z.object({
      /** Its disk. Absolute. */
      image: Path,
      distribution: z.string().min(1),
      size: Bytes,
    }),
  ),
  outcome: z.lazy(() => z.object({ size: Bytes })),
  words: ({ image, distribution, size }) => ({
    title: `Have WSL resize ${distribution}`,
    does: `Has WSL make ${baseName(image)} ${formatBytes(size)} large, check the ext4 in it and let it have the room.`,
  }),
  told: ({ size }) => formatBytes(size),
  undo: () => [],
})
