import type { LayerNumber } from '../problems/layer-number.ts'
import type { Problem } from '../problems/problem.ts'

export interface Estimate {
  readonly bytes: number | null
  readonly seconds: number | null
}

/** One step of a plan; it acts on one layer only. `all` reads every layer and changes none. */
export interface PlanStep {
  /** Stable id, the name of the workflow's step. */
  readonly id: string
  readonly layer: LayerNumber | 'all'
  readonly title: string
  /** What it does, as a sentence. */
  readonly does: string
  /** The exact command or native action. */
  readonly command: string
  /** Where it runs: the name of a host, or `controller`. */
  readonly host: string
  readonly needs: readonly string[]
  readonly estimate: Estimate
  /** How it is undone, or null when there is nothing to undo. */
  readonly undo: string | null
  readonly pointOfNoReturn: boolean
}

export interface Plan {
  readonly kind: 'plan'
  readonly operation: string
  /** The whole in one line, such as `Migrate 18.1 GiB to south`. */
  readonly summary: string
  readonly steps: readonly PlanStep[]
  /** Findings to accept before it starts. */
  readonly warnings: readonly Problem[]
  readonly estimate: Estimate
}

/** Why the operation is not possible, with the remedy for each reason. */
export interface Refusal {
  readonly kind: 'refusal'
  readonly operation: string
  readonly problems: readonly Problem[]
}
