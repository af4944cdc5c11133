import { createHash, randomBytes } from 'node:crypto'
import { DiskError } from '@varve/core/problems/disk-error'
import { needsAcceptance } from '@varve/core/problems/problem'
import { Plan, Refusal, subjectOf } from '@varve/operations/plans/plan'
import { toPlanView } from '@varve/operations/plans/plan-view'
import type { PlanView } from '@varve/protocol/plans'
import type { Payload } from '@varve/protocol/primitives'
import type { PlanRequest } from '@varve/protocol/runs'
import { z } from 'zod'
import type { Jobs } from '../agents/jobs.ts'

const planSeconds = 600

export interface HostPlan {
  readonly plan: Plan | Refusal
  /** As people see it, with the commands of the host's own adapters. */
  readonly view: PlanView
  /** The request with its paths absolute. */
  readonly request: Payload
  readonly script: string | null
  readonly digest: string
}

/** Asks a host to plan an operation from its own facts. */
export async function planOnHost(
  jobs: Jobs,
  { host, library, operation, request }: z.output<typeof PlanRequest>,
  signal: AbortSignal = new AbortController().signal,
): Promise<HostPlan> {
  const answer = await jobs.start<'plan'>(
    host,
    { kind: 'plan', operation, request, library },
    {
      idempotencyKey: `plan/${randomBytes(9).toString('hex')}`,
      title: `Plan ${operation}`,
      noProgressSeconds: planSeconds,
      signal,
    },
  )
  const plan = z.discriminatedUnion('kind', [Plan, Refusal]).parse(answer.plan)
  const { request: absolute, script } = answer
  return { plan, view: viewOf(plan, answer.commands), request: absolute, script, digest: digestOf(plan) }
}

function viewOf(plan: Plan | Refusal, commands: readonly string[]): PlanView {
  const view = toPlanView(plan, () => ({ argv: [] }))
  if (view.kind === 'refusal') return view
  return { ...view, steps: view.steps.map((step, at) => ({ ...step, command: commands[at] ?? '' })) }
}

/** Two plans of the same steps and findings are the same plan, whatever the files are called that each makes for itself. */
export function digestOf(plan: Plan | Refusal): string {
  const steps =
    plan.kind === 'plan' ? plan.steps.map(({ id, host, action, input }) => [id, host, action, input]) : []
  const found = plan.kind === 'plan' ? plan.warnings : plan.problems
  const findings = found.map(({ id, file }) => [id, file])
  const text = stagingIdsIn(steps).reduce(
    (rest, id) => rest.replaceAll(id, 'staging'),
    JSON.stringify([steps, findings]),
  )
  return createHash('sha256').update(text).digest('hex')
}

/** What the names of hidden files are told apart by: made anew for each plan. */
function stagingIdsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) =>
    name === 'staging' && typeof member === 'string' && /^[\da-f]{8,}$/u.test(member)
      ? [member]
      : stagingIdsIn(member),
  )
}

/** The plan as it may be started; throws `refused` and `needs-consent` when it may not. */
export function assertStartable(
  { plan, digest }: HostPlan,
  { accepted, seen }: { readonly accepted: readonly string[]; readonly seen?: string | undefined },
): Plan {
  if (plan.kind === 'refusal') throw refused(plan)
  const file = subjectOf(plan)
  if (seen !== undefined && seen !== digest)
    throw new DiskError('refused', {
      file,
      reason: 'what is there has changed, and the plan would be another one now',
      remedy: 'Look at the new plan, then start it.',
    })
  const open = plan.warnings.filter((one) => needsAcceptance(one) && !accepted.includes(one.id))
  if (open.length === 0) return plan
  throw new DiskError('needs-consent', {
    file,
    ids: [...new Set(open.map(({ id }) => id))],
    choices: [],
    findings: [...new Set(open.map(({ message }) => message))],
  })
}

function refused({ operation, problems }: Refusal): DiskError {
  const first = problems.find(({ severity }) => severity === 'block') ?? problems[0]
  return new DiskError('refused', {
    file: first?.file ?? operation,
    reason: problems.map(({ message }) => message).join('; '),
    remedy: first?.remedy ?? 'Plan it again.',
  })
}
