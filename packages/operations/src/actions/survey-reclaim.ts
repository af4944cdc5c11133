import { formatBytes } from '@varve/core/units/format-bytes'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { ImageAddress } from './image-address.ts'
import { baseName } from './path-words.ts'
import { Survey } from './reclaim-survey.ts'
import { Wish } from './wish.ts'

/** Finds out what an image holds for nothing at each layer, and what writing it anew would give back; reads all data to find zeros. */
export const surveyReclaim = defineAction({
  name: 'survey-reclaim',
  layer: 'all',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() => z.object({ image: ImageAddress })),
  outcome: z.lazy(() =>
    Survey.extend({
      /** What gives it back; null: there is nothing, or nothing that does. */
      wish: Wish.nullable().default(null),
    }),
  ),
  words: ({ image }) => ({
    title: 'Find what is held for nothing',
    does: `Reads the bitmaps of the filesystems in ${baseName(image.path)} and all of its data, and changes nothing.`,
  }),
  told: ({ free, zeros }) =>
    `${formatBytes(free)} of free blocks${zeros === null ? '' : ` and ${formatBytes(zeros)} of zeros`} can be given back`,
  undo: () => [],
})
