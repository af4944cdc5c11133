import { ImageReportView } from '@varve/protocol/reports'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { ImageAddress } from './image-address.ts'
import { baseName } from './path-words.ts'

/** Says what an image is, layer by layer; a damaged one gives a report too. */
export const inspectImage = defineAction({
  name: 'inspect-image',
  layer: 'all',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => z.object({ image: ImageAddress })),
  outcome: z.lazy(() => z.object({ report: ImageReportView })),
  words: ({ image }) => ({
    title: 'Look at it',
    does: `Reads the tables of ${baseName(image.path)} and its chain, and what its guest has at known places; changes nothing.`,
  }),
  told: ({ report }) => `${report.format}, ${report.problems.length} findings`,
  undo: () => [],
})
