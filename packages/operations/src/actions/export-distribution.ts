import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { Staged, StagingId } from './new-image.ts'
import { baseName } from './path-words.ts'

/** Removes what WSL exported and was not published. Done already, it succeeds. */
export const discardExport = defineAction({
  name: 'discard-export',
  layer: 'L1',
  lane: 'short',
  attempts: 3,
  isFinal: false,
  isHidden: true,
  input: Staged,
  outcome: z.lazy(() => z.object({})),
  words: ({ target }) => ({
    title: 'Remove what was exported',
    does: `Removes the hidden files that were to become ${baseName(target)}.`,
  }),
  told: () => 'removed',
  undo: () => [],
})

/** Has WSL copy the disk of a distribution into a hidden file. */
export const exportDistribution = defineAction({
  name: 'export-distribution',
  layer: 'L1',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      /** Its disk. Absolute. */
      image: Path,
      distribution: z.string().min(1),
      staged: Staged,
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      staging: StagingId,
      /** The number of the file on its filesystem. */
      file: z.string().nullable(),
      fileSize: Bytes,
    }),
  ),
  words: ({ distribution, staged }) => ({
    title: `Have WSL export ${distribution}`,
    does: `Has WSL write the disk of ${distribution} into a hidden file beside ${baseName(staged.target)}.`,
  }),
  told: ({ fileSize }) => formatBytes(fileSize),
  undo: ({ staged }) => [call(discardExport, staged)],
})
