import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { StagingId } from './new-image.ts'

/** Notes that nothing is mounted there any more, and removes the folder if it was made for that and is empty. */
export const releaseFolder = defineAction({
  name: 'release-folder',
  layer: 'L6',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      attachment: StagingId,
      /** Absolute. */
      folder: Path,
      isNew: z.boolean(),
    }),
  ),
  outcome: z.lazy(() => z.object({ folder: Path })),
  words: ({ folder, isNew }) => ({
    title: isNew ? 'Remove the folder' : 'Give the folder back',
    does: isNew
      ? `Removes the folder ${folder}, which was made for the mount, if it is empty.`
      : `Notes that nothing is mounted at ${folder} any more.`,
  }),
  told: ({ folder }) => folder,
  undo: () => [],
})
