import { roles, type Role } from '@varve/protocol/people'
import { UsageError } from '../command.ts'

/** A role by its name; throws `UsageError`. */
export function roleOf(text: string): Role {
  const role = roles.find((one) => one === text)
  if (role) return role
  throw new UsageError(`${JSON.stringify(text)} is no role: ${roles.join(', ')}.`)
}
