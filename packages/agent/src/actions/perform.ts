import { DiskError } from '@varve/core/problems/disk-error'
import { checkedCall } from '@varve/operations/actions/known-actions'
import { loadActions } from '@varve/operations/actions/load-actions'
import type { ActionCall } from '@varve/operations/actions/action'
import type { Shown } from '@varve/operations/plans/shown'
import type { ActionAdapter, ActionContext, AdapterTable } from './adapter.ts'

/** The adapter for an action; throws `refused` when this system has none. */
export async function findAdapter(adapters: AdapterTable, name: string): Promise<ActionAdapter> {
  const load = Object.hasOwn(adapters, name)
    ? (adapters as Readonly<Record<string, (() => Promise<ActionAdapter>) | undefined>>)[name]
    : undefined
  if (load) return await load()
  throw new DiskError('refused', {
    file: name,
    reason: `this host cannot do it: there is no ${name} on its system`,
    remedy: 'Choose a host of another system.',
  })
}

/** Does one action on this host; one that may have begun before is first asked whether it is done. */
export async function performAction(
  adapters: AdapterTable,
  call: ActionCall,
  { isResumed, ...context }: ActionContext & { readonly isResumed: boolean },
): Promise<unknown> {
  // Who calls by a name only, as a runbook does, has loaded no plan that knows it.
  await loadActions([call.action])
  const { action, input } = checkedCall(call)
  const adapter = await findAdapter(adapters, action.name)
  context.signal.throwIfAborted()
  using _awake = context.ports.keepAwake?.()
  const known = isResumed ? ((await adapter.isDone?.(input, context)) ?? null) : null
  return action.outcome.parse(known ?? (await adapter.run(input, context)))
}

/** The exact command of an action on this host. */
export async function shownAction(adapters: AdapterTable, call: ActionCall): Promise<Shown> {
  const adapter = await findAdapter(adapters, call.action)
  return adapter.command(call.input)
}
