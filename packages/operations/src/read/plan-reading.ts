import type { Problem } from '@varve/core/problems/problem'
import { inOrder, readingEstimate, type DraftStep, type Plan, type Refusal } from '../plans/plan.ts'

/** What is known of the images that an operation only reads. */
export interface ReadingFacts {
  readonly host: string
  readonly images: readonly {
    readonly path: string
    readonly dataBytes: number | null
    /** Findings that block reading it, or ask for a word before. */
    readonly problems: readonly Problem[]
  }[]
  /** What kept an image from being looked at. */
  readonly problems: readonly Problem[]
}

/** A plan of steps that read and change nothing; refused when an image cannot be read right. */
export function planReading(
  { operation, summary }: { readonly operation: string; readonly summary: string },
  facts: ReadingFacts,
  ...drafts: readonly DraftStep[]
): Plan | Refusal {
  const { images } = facts
  const problems = [...facts.problems, ...images.flatMap((image) => image.problems)]
  if (problems.some(({ severity }) => severity === 'block'))
    return { kind: 'refusal', operation, problems: [...problems] }
  const bytes = images.reduce<number | null>(
    (sum, { dataBytes }) => (sum === null || dataBytes === null ? null : sum + dataBytes),
    0,
  )
  const estimate = readingEstimate(bytes)
  return {
    kind: 'plan',
    operation,
    summary,
    steps: inOrder(drafts.map((draft) => ({ ...draft, estimate }))),
    warnings: [...problems],
    // Reading does not keep others away.
    subjects: [],
    estimate,
  }
}
