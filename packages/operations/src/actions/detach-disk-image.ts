import { z } from 'zod'
import { defineAction } from './action.ts'
import { MacDisk, MacImage } from './mac-disk.ts'
import { baseName } from './path-words.ts'

/** Takes the disk of an image away, if Varve has attached it; done already, it succeeds. */
export const detachDiskImage = defineAction({
  name: 'detach-disk-image',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    MacImage.unwrap().extend({
      /** As it was planned; macOS may have given it another number since. Null: not known. */
      device: MacDisk.nullable().default(null),
      /** Whoever has files of it open loses what was not written. */
      isForced: z.boolean().default(false),
    }),
  ),
  outcome: z.lazy(() => z.object({ wasAttached: z.boolean() })),
  words: ({ image, isForced }) => ({
    title: 'Detach it',
    does: `Takes the disk of ${baseName(image)} and its APFS containers away, if it is the one that Varve attached; while it is busy, it is tried again${isForced ? ', and then forced' : ''}.`,
  }),
  told: ({ wasAttached }) => (wasAttached ? 'detached' : 'Varve had it attached no more'),
  undo: () => [],
})
