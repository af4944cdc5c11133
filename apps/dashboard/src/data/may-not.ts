import type { Grant } from '@varve/protocol/people'
import { hasRole, mayOperate, type ActOn } from '@varve/protocol/roles'

/** An operation on images, or what changes the fleet and its people. */
export type Act = { readonly operation: string } | 'change-fleet'

/** Why a grant does not go as far as the act, in words; null: it does. */
export function mayNot(grant: Grant, act: Act, on: readonly ActOn[]): string | null {
  if (act === 'change-fleet') return hasRole(grant, 'admin') ? null : 'Only an admin may do this'
  if (!hasRole(grant, 'operator')) return 'A viewer only looks: this takes an operator'
  if (mayOperate(grant, act.operation, on)) return null
  const places = on.map(({ host, library }) => [host, library].filter((name) => name !== undefined).join('/'))
  return `Your rights do not reach this${places.length === 0 ? '' : ` on ${places.join(' and ')}`}`
}
