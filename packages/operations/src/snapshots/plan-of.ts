import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { inOrder, wholeEstimate, type DraftStep, type Plan, type Refusal } from '../plans/plan.ts'

interface Draft {
  readonly operation: string
  readonly summary: string
  readonly steps: readonly DraftStep[]
  readonly found: readonly Problem[]
  /** Paths on the host. */
  readonly subjects: readonly string[]
}

/** The plan, or its refusal where something that was found stands in its way. */
export function planOf(host: string, { operation, summary, steps, found, subjects }: Draft): Plan | Refusal {
  if (found.some(isBlocking)) return { kind: 'refusal', operation, problems: found.filter(isBlocking) }
  return {
    kind: 'plan',
    operation,
    summary,
    steps: inOrder(steps),
    warnings: [...found],
    subjects: subjects.map((path) => ({ host, path })),
    estimate: wholeEstimate(steps),
  }
}
