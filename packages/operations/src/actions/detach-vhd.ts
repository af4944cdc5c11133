import { z } from 'zod'
import { defineAction } from './action.ts'
import { VhdImage } from './attached-vhd.ts'
import { StagingId } from './new-image.ts'
import { baseName } from './path-words.ts'

/** Takes the disk of a VHD or VHDX away, if Varve has attached it; done already, it succeeds. */
export const detachVhd = defineAction({
  name: 'detach-vhd',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    VhdImage.unwrap().extend({
      /** The one that is meant; null: whichever of Varve's there is. */
      attachment: StagingId.nullable().default(null),
    }),
  ),
  outcome: z.lazy(() => z.object({ wasAttached: z.boolean() })),
  words: ({ image }) => ({
    title: 'Detach it',
    does: `Takes the disk of ${baseName(image)} away, if it is the one that Varve attached.`,
  }),
  told: ({ wasAttached }) => (wasAttached ? 'detached' : 'Varve had it attached no more'),
  undo: () => [],
})
