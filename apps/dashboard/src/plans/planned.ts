import { needsAcceptance } from '@varve/core/problems/problem'
import type { PlanView } from '@varve/protocol/plans'
import type { ProblemView } from '@varve/protocol/primitives'

/** A plan as it was made now. */
export interface Planned {
  readonly plan: PlanView
  /** Names the plan, so that another one is not started in its place; null: nobody names it. */
  readonly digest: string | null
  /** The plan as a runbook; null: there is none. */
  readonly script: string | null
}

/** What goes with a start. */
export interface Consent {
  /** The same for the same wish, so that pressing twice starts once. */
  readonly idempotencyKey: string
  readonly accepted: string[]
  readonly seen: string | null
}

/** The findings of the plan that somebody has to accept. */
export function warningsOf(plan: PlanView | undefined): readonly ProblemView[] {
  return plan?.kind === 'plan' ? plan.warnings.filter(needsAcceptance) : []
}

/** Whether the plan has a step after which there is no way back. */
export function isFinal(plan: PlanView | undefined): boolean {
  return plan?.kind === 'plan' && plan.steps.some(({ pointOfNoReturn }) => pointOfNoReturn)
}
