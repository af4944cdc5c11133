import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { MacImage } from './mac-disk.ts'

/** Ends a mount of that image at that folder; done already, it succeeds. */
export const unmountDiskVolume = defineAction({
  name: 'unmount-disk-volume',
  layer: 'L6',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    MacImage.unwrap().extend({
      /** Absolute. */
      folder: Path,
    }),
  ),
  outcome: z.lazy(() => z.object({ folder: Path })),
  words: ({ folder }) => ({ title: 'Unmount it', does: `Ends the mount at ${folder}.` }),
  told: ({ folder }) => folder,
  undo: () => [],
})
