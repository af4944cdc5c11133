import { roles, type Right, type Role } from '@varve/protocol/people'
import { UsageError } from '../command.ts'

/** Where somebody or a key may work, each a list of names. */
export interface RightOptions {
  readonly hosts?: string
  readonly libraries?: string
  readonly operations?: string
}

/** A role by its name; throws `UsageError`. */
export function roleOf(text: string): Role {
  const role = roles.find((one) => one === text)
  if (role) return role
  throw new UsageError(`${JSON.stringify(text)} is no role: ${roles.join(', ')}.`)
}

/** The one right that the options say; null: they say none, which is everywhere. */
export function rightsOf({ hosts, libraries, operations }: RightOptions): Right[] | null {
  const right: Right = {
    hosts: listOf('--hosts', hosts),
    libraries: listOf('--libraries', libraries),
    operations: listOf('--operations', operations),
  }
  return Object.values(right).some((list) => list !== null) ? [right] : null
}

function listOf(flag: string, text: string | undefined): string[] | null {
  if (text === undefined) return null
  const names = text.split(',').flatMap((name) => name.trim() || [])
  if (names.length === 0) throw new UsageError(`${flag} names nothing.`)
  return names
}
