import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { DevicePath } from './attached-device.ts'
import { StagingId } from './new-image.ts'

/** Ends a mount of that device at that folder; done already, it succeeds. */
export const unmountFolder = defineAction({
  name: 'unmount-folder',
  layer: 'L6',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      attachment: StagingId,
      device: DevicePath,
      /** Absolute. */
      folder: Path,
    }),
  ),
  outcome: z.lazy(() => z.object({ folder: Path })),
  words: ({ folder }) => ({ title: 'Unmount it', does: `Ends the mount at ${folder}.` }),
  told: ({ folder }) => folder,
  undo: () => [],
})
