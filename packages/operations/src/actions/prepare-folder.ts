import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { StagingId } from './new-image.ts'
import { releaseFolder } from './release-folder.ts'

/** Notes the folder that a filesystem is to be mounted at, and makes it where there is none. */
export const prepareFolder = defineAction({
  name: 'prepare-folder',
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
    title: isNew ? 'Make the folder' : 'Look at the folder',
    does: isNew
      ? `Makes the folder ${folder}, which goes again when the mount ends.`
      : `Looks whether the folder ${folder} is empty still, and notes the mount.`,
  }),
  told: ({ folder }) => folder,
  undo: ({ attachment, folder, isNew }) => [call(releaseFolder, { attachment, folder, isNew })],
})
