import { countOf } from '@varve/core/units/format-bytes'
import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { Staged } from './new-image.ts'
import { baseName } from './path-words.ts'

/** Has VirtualBox forget images that it noted while it wrote a staged one; the files stay. */
export const forgetMedia = defineAction({
  name: 'forget-media',
  layer: 'L2',
  lane: 'short',
  attempts: 2,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      image: Staged,
      /** Besides the hidden one; absolute. */
      media: z.array(Path),
    }),
  ),
  outcome: z.lazy(() => z.object({ forgotten: z.array(Path) })),
  words: ({ image }) => ({
    title: 'Have VirtualBox forget the hidden image',
    does: `Takes the hidden image beside ${baseName(image.target)}, and a source that VirtualBox did not know before, out of the media that it knows; the files stay.`,
  }),
  told: ({ forgotten }) => `${countOf(forgotten.length, 'image')} forgotten`,
  undo: () => [],
})
