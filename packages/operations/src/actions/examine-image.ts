import { formatNames } from '@varve/core/image/format-rules'
import { Bytes, ProblemView } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { InUse } from './digest-image.ts'
import { ImageAddress } from './image-address.ts'
import { baseName } from './path-words.ts'

const Report = z.lazy(() =>
  z.object({
    file: z.string(),
    format: z.enum(formatNames),
    checked: z.array(z.string()),
    findings: z.array(
      ProblemView.unwrap().extend({
        kind: z.enum(['corruption', 'leak', 'remark']),
        layer: z.literal('L2'),
        count: z.number().optional(),
      }),
    ),
    totals: z.object({
      allocatedBytes: Bytes.nullable(),
      leakedBytes: Bytes,
      corruptions: z.number(),
      leaks: z.number(),
      remarks: z.number(),
    }),
    isComplete: z.boolean(),
  }),
)

/** Walks all tables of an image and tells everything that is wrong in them; only reads, and fails only when it cannot. */
export const examineImage = defineAction({
  name: 'examine-image',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => z.object({ image: ImageAddress, inUse: InUse })),
  outcome: z.lazy(() => z.object({ report: Report })),
  words: ({ image }) => ({
    title: 'Check it',
    does: `Walks all tables of ${baseName(image.path)} and tells where they contradict each other; changes nothing.`,
  }),
  told: ({ report: { totals } }) =>
    `${totals.corruptions} corruptions, ${totals.leaks} leaks, ${totals.remarks} remarks`,
  undo: () => [],
})
