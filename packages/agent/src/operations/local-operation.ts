import { DiskError } from '@varve/core/problems/disk-error'
import type { Operation } from '@varve/operations/operation'
import type { Plan, Refusal } from '@varve/operations/plans/plan'
import type { ActionPorts } from '../actions/adapter.ts'

export interface FactsContext {
  readonly ports: ActionPorts
  /** Name of this host, as plans have it. */
  readonly host: string
  readonly signal: AbortSignal
}

/** An operation whose facts are all on this host. */
export interface LocalOperation<Request = unknown, Facts = unknown> {
  readonly operation: Operation<Request, Facts>
  gather(request: Request, context: FactsContext): Promise<Facts>
}

export function defineLocalOperation<Request, Facts>(
  operation: Operation<Request, Facts>,
  gather: (request: Request, context: FactsContext) => Promise<Facts>,
): LocalOperation<Request, Facts> {
  return { operation, gather }
}

/** Plans an operation on this host with facts gathered now; throws `invalid-request` when the request is none. */
export async function planHere(
  local: LocalOperation,
  request: unknown,
  context: FactsContext,
): Promise<Plan | Refusal> {
  const { operation } = local
  const parsed = operation.request.safeParse(request)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const reason = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a request'}`
    throw new DiskError('invalid-request', { file: operation.name, reason })
  }
  return operation.plan(parsed.data, await local.gather(parsed.data, context))
}
