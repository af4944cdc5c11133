import type { Problem } from '@varve/core/problems/problem'
import { ProblemView } from '@varve/protocol/primitives'
import { EstimateView } from '@varve/protocol/plans'
import { z } from 'zod'
import type { Action } from '../actions/action.ts'
import type { Wired } from './wired.ts'

/** One action on one host and one layer, as it is kept in a journal. */
export const Step = z.lazy(() =>
  z.object({
    /** Stable within the plan, in kebab-case. */
    id: z.string(),
    /** Where it runs. */
    host: z.string(),
    action: z.string(),
    /** Values, or references to earlier steps; see `Wired`. */
    input: z.unknown(),
    /** The steps that must be done before; the one before it in the list, unless said. */
    after: z.array(z.string()),
    /** What must be there, for people. */
    needs: z.array(z.string()),
    estimate: EstimateView,
  }),
)
export type Step = z.infer<typeof Step>

/** What a run works on: a second run on the same thing waits or is refused. */
export const Subject = z.lazy(() =>
  z.object({
    host: z.string(),
    path: z.string(),
    /** The image whose disk it is to get, where that is another one, for who compares them. */
    from: z.object({ host: z.string(), path: z.string() }).optional(),
  }),
)
export type Subject = z.infer<typeof Subject>

export const Plan = z.lazy(() =>
  z.object({
    kind: z.literal('plan'),
    operation: z.string(),
    /** The whole in one line, such as `Clone web01.qcow2 (18.1 GiB) to web02.qcow2`. */
    summary: z.string(),
    steps: z.array(Step),
    /** Findings to accept before it starts, and infos. */
    warnings: z.array(ProblemView),
    subjects: z.array(Subject),
    estimate: EstimateView,
  }),
)
export type Plan = z.infer<typeof Plan>

/** What a plan is about, for messages: the first thing that it works on, or the whole in its own words. */
export function subjectOf({ subjects, summary }: Pick<Plan, 'subjects' | 'summary'>): string {
  return subjects[0]?.path ?? summary
}

/** Why the operation is not possible, with the remedy for each reason. */
export const Refusal = z.lazy(() =>
  z.object({
    kind: z.literal('refusal'),
    operation: z.string(),
    problems: z.array(ProblemView),
  }),
)
export type Refusal = z.infer<typeof Refusal>

/** Refuses an operation for the problems given. */
export function refusalOf(operation: string): (problems: readonly Problem[]) => Refusal {
  return (problems) => ({ kind: 'refusal', operation, problems: [...problems] })
}

export type Estimate = z.infer<typeof EstimateView>
export const noEstimate: Estimate = { bytes: null, seconds: null }
/** Of what moves no data. */
export const quick: Estimate = { bytes: 0, seconds: 1 }

/** Bytes a second that reading an image is estimated with. */
const readingRate = 500_000_000

/** Of what reads `bytes` once; null: nobody knows how many. */
export function readingEstimate(bytes: number | null): Estimate {
  return bytes === null ? noEstimate : { bytes, seconds: Math.ceil(bytes / readingRate) }
}

interface StepDetails<Input> {
  readonly id: string
  readonly host: string
  readonly input: Wired<Input>
  readonly after?: readonly string[]
  readonly needs?: readonly string[]
  readonly estimate?: Estimate
}

/** A step whose input is checked by the compiler. */
export function step<Input, Outcome>(action: Action<Input, Outcome>, details: StepDetails<Input>) {
  const { id, host, input, after, needs = [], estimate = noEstimate } = details
  return { id, host, action: action.name, input, after, needs: [...needs], estimate }
}

export type DraftStep = ReturnType<typeof step>

/** Says of each step what comes before it: the one above it in the list, unless it says so itself. */
export function inOrder(steps: readonly DraftStep[]): Step[] {
  return steps.map(({ after, ...rest }, index) => {
    const before = steps[index - 1]
    return { ...rest, after: after ? [...after] : before ? [before.id] : [] }
  })
}

/** The sum of the estimates; null as soon as one of them is not known. */
export function wholeEstimate(steps: readonly Pick<Step, 'estimate'>[]): Estimate {
  const sum = (of: (estimate: Estimate) => number | null) =>
    steps.reduce<number | null>((total, { estimate }) => {
      const value = of(estimate)
      return total === null || value === null ? null : total + value
    }, 0)
  return { bytes: sum(({ bytes }) => bytes ?? 0), seconds: sum(({ seconds }) => seconds ?? 1) }
}
