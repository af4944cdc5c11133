import { countOf, formatBytes } from '@varve/core/units/format-bytes'
import { needsAcceptance } from '@varve/core/problems/problem'
import type { PlanView } from '@varve/protocol/plans'
import type { ProblemView } from '@varve/protocol/primitives'

/** One image of a batch, and what was planned for it; null while it is planned. */
export interface BatchItem {
  readonly id: string
  readonly plan: PlanView | null
}

/** A warning of several plans, to be accepted once. */
export interface SharedWarning {
  readonly problem: ProblemView
  readonly images: number
}

/** The warnings of all plans that somebody has to accept, each kind once, the most frequent first. */
export function sharedWarnings(items: readonly BatchItem[]): readonly SharedWarning[] {
  const byId = new Map<string, SharedWarning>()
  for (const { plan } of items) {
    if (plan?.kind !== 'plan') continue
    const once = new Map(plan.warnings.filter(needsAcceptance).map((problem) => [problem.id, problem]))
    for (const [id, problem] of once) {
      byId.set(id, { problem, images: (byId.get(id)?.images ?? 0) + 1 })
    }
  }
  return [...byId.values()].toSorted((a, b) => b.images - a.images)
}

/** What the start button does, and for how many of the images it does not. */
export interface BatchStart {
  readonly ids: readonly string[]
  readonly bytes: number
  readonly words: string
}

/** How a start is said: `Migrate 2 images, 20.0 MiB, to south`. */
export interface StartWords {
  readonly verb: string
  /** Where they go; empty: they stay where they are. */
  readonly to: string
}

/** Images whose plan stands and whose warnings are accepted, and the button's words for them. */
export function batchStart(
  items: readonly BatchItem[],
  accepted: ReadonlySet<string>,
  { verb, to }: StartWords,
): BatchStart {
  const ready = items.filter(
    ({ plan }) =>
      plan?.kind === 'plan' && plan.warnings.filter(needsAcceptance).every(({ id }) => accepted.has(id)),
  )
  const bytes = ready.reduce(
    (sum, { plan }) => sum + (plan?.kind === 'plan' ? (plan.estimate.bytes ?? 0) : 0),
    0,
  )
  const count =
    ready.length === items.length
      ? countOf(ready.length, 'image')
      : `${ready.length} of ${countOf(items.length, 'image')}`
  const parts = [`${verb} ${count}`, bytes > 0 ? formatBytes(bytes) : null, to === '' ? null : `to ${to}`]
  return {
    ids: ready.map(({ id }) => id),
    bytes,
    words: ready.length === 0 ? verb : parts.filter((part) => part !== null).join(', '),
  }
}
