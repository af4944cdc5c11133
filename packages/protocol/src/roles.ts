import { fitsPattern } from './name-pattern.ts'

/** What people may do, each with all that stands before it: look; operate on images; change the fleet and its people. */
export const roles = ['viewer', 'operator', 'admin'] as const
type Role = (typeof roles)[number]

/** Where an operator may work, and what: see `Right` in people.ts. */
interface Bounds {
  readonly hosts: readonly string[] | null
  readonly libraries: readonly string[] | null
  readonly operations: readonly string[] | null
}

interface Granted {
  readonly role: Role
  readonly rights: readonly Bounds[] | null
}

/** What an act is on, as far as it has a place. */
export interface ActOn {
  readonly host?: string
  readonly library?: string
}

/** Whether a grant goes as far as `role`. */
export function hasRole(grant: Pick<Granted, 'role'>, role: Role): boolean {
  return roles.indexOf(grant.role) >= roles.indexOf(role)
}

/** Whether a grant lets `operation` be done on all of `places`; admins are not bound to places. */
export function mayOperate({ role, rights }: Granted, operation: string, places: readonly ActOn[]): boolean {
  if (!hasRole({ role }, 'operator')) return false
  if (role === 'admin' || rights === null) return true
  const all = places.length === 0 ? [{}] : places
  return all.every((place) => rights.some((right) => isWithin(right, operation, place)))
}

/** What says no place is bound to none: only a right without that bound lets it be done. */
function isWithin(right: Bounds, operation: string, { host, library }: ActOn): boolean {
  const fits = (patterns: readonly string[] | null, name: string | undefined) =>
    patterns === null || (name !== undefined && patterns.some((pattern) => fitsPattern(pattern, name)))
  return fits(right.hosts, host) && fits(right.libraries, library) && fits(right.operations, operation)
}
