import { formatNames } from '@varve/core/image/format-rules'
import { Bytes, ProblemView } from '@varve/protocol/primitives'
import { z } from 'zod'

/** What a check found. */
export const CheckReport = z.lazy(() =>
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

/** What it counted, in a few words. */
export function toldOfCheck({ totals }: z.infer<typeof CheckReport>): string {
  return `${totals.corruptions} corruptions, ${totals.leaks} leaks, ${totals.remarks} remarks`
}
