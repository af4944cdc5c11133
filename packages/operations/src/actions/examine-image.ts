import { z } from 'zod'
import { defineAction } from './action.ts'
import { CheckReport, toldOfCheck } from './check-report.ts'
import { InUse } from './digest-image.ts'
import { ImageAddress } from './image-address.ts'
import { baseName } from './path-words.ts'

/** Walks all tables of an image and tells everything that is wrong in them; only reads, and fails only when it cannot. */
export const examineImage = defineAction({
  name: 'examine-image',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => z.object({ image: ImageAddress, inUse: InUse })),
  outcome: z.lazy(() => z.object({ report: CheckReport })),
  words: ({ image }) => ({
    title: 'Check it',
    does: `Walks all tables of ${baseName(image.path)} and tells where they contradict each other; changes nothing.`,
  }),
  told: ({ report }) => toldOfCheck(report),
  undo: () => [],
})
