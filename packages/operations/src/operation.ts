import type { z } from 'zod'
import type { Plan, Refusal } from './plans/plan.ts'

/** What every wish becomes a plan by; pure. Facts are gathered afresh by the hosts concerned. */
export interface Operation<Request = unknown, Facts = unknown> {
  /** Stable, as the command line has it. */
  readonly name: string
  readonly request: z.ZodType<Request>
  /** Members of the request that are paths of the host, such as `image.path`; of a fleet they may be names in a library. */
  readonly paths: readonly string[]
  plan(request: Request, facts: Facts): Plan | Refusal
}

export function defineOperation<Request, Facts>(
  operation: Operation<Request, Facts>,
): Operation<Request, Facts> {
  return operation
}
