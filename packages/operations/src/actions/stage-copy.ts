import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { discardStaged } from './discard-staged.ts'
import { Staged, StagingId } from './new-image.ts'
import { baseName } from './path-words.ts'

/** Copies an image of one file byte by byte into a hidden file, sharing its blocks where the filesystem can do that; the original is only read. */
export const stageCopy = defineAction({
  name: 'stage-copy',
  layer: 'L1',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      /** Absolute. */
      source: Path,
      image: Staged,
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      staging: StagingId,
      /** The number of the copy on its filesystem. */
      file: z.string().nullable(),
      fileSize: Bytes,
      sharedBytes: Bytes,
    }),
  ),
  words: ({ source, image }) => ({
    title: 'Copy the file',
    does: `Copies ${baseName(source)} as it is into a hidden file beside ${baseName(image.target)}, by reference where the filesystem shares blocks.`,
  }),
  told: ({ fileSize, sharedBytes }) =>
    sharedBytes > 0 ? `${formatBytes(fileSize)}, its blocks shared` : formatBytes(fileSize),
  undo: ({ image: { target, staging, format, subformat } }) => [
    call(discardStaged, { target, staging, format, subformat }),
  ],
})
