import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { sizeWords } from './later-size.ts'
import { baseName } from './path-words.ts'

/** Proves that nothing of a raw work image lies behind the cut, and cuts it there; a GPT then ends where the disk does. */
export const cutImage = defineAction({
  name: 'cut-image',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      /** The hidden work image. Absolute. */
      work: Path,
      /** Bytes that stay. */
      size: Bytes,
      /** What people call the image. */
      name: Path,
    }),
  ),
  outcome: z.lazy(() => z.object({ size: Bytes, cut: Bytes })),
  words: ({ size, name }) => ({
    title: 'Cut the disk',
    does: `Reads what the work image of ${baseName(name)} holds: where a partition, a volume or a filesystem reaches behind ${sizeWords(size)}, the run ends. Then writes the second copy of a GPT at the new end, cuts the file there, and reads it anew.`,
  }),
  told: ({ size, cut }) => `${formatBytes(size)}, ${formatBytes(cut)} less`,
  undo: () => [],
})
