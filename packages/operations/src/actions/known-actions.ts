import { DiskError } from '@varve/core/problems/disk-error'
import { definedActions, type Action, type ActionCall } from './action.ts'

/**
 * The action of that name, among those whose modules are loaded: a plan loads its own, and `action-table` all of them. Throws
 * `invalid-request` when there is none.
 */
export function findAction(name: string): Action {
  const action = definedActions.get(name)
  if (action) return action
  throw new DiskError('invalid-request', {
    file: name,
    reason: 'this version of Varve has no action of that name',
  })
}

/** The call with its input checked; throws `invalid-request` when it is not what the action takes. */
export function checkedCall({ action: name, input }: ActionCall): { action: Action; input: unknown } {
  const action = findAction(name)
  const parsed = action.input.safeParse(input)
  if (parsed.success) return { action, input: parsed.data }
  const first = parsed.error.issues[0]
  const reason = `${first?.path.join('.') ?? ''}: ${first?.message ?? 'it is not what the action takes'}`
  throw new DiskError('invalid-request', { file: name, reason })
}
