import type { Grant, Right, Role } from '@varve/protocol/people'

/** A right as it is typed: names and patterns with commas between them; empty: any. */
export interface RightDraft {
  readonly hosts: string
  readonly libraries: string
  readonly operations: string
}

/** A grant as it is typed. */
export interface GrantDraft {
  readonly role: Role
  /** Null: everywhere. */
  readonly rights: readonly RightDraft[] | null
}

export const emptyRight: RightDraft = { hosts: '', libraries: '', operations: '' }

export function grantToDraft({ role, rights }: Grant): GrantDraft {
  const text = (patterns: readonly string[] | null) => (patterns ?? []).join(', ')
  return {
    role,
    rights:
      rights?.map(({ hosts, libraries, operations }) => ({
        hosts: text(hosts),
        libraries: text(libraries),
        operations: text(operations),
      })) ?? null,
  }
}

/** The grant that was typed; rights are of operators only: viewers change nothing, and admins are bound to no place. */
export function draftToGrant({ role, rights }: GrantDraft): Grant {
  return { role, rights: role === 'operator' && rights !== null ? rights.map(draftToRight) : null }
}

function draftToRight({ hosts, libraries, operations }: RightDraft): Right {
  return { hosts: patternsOf(hosts), libraries: patternsOf(libraries), operations: patternsOf(operations) }
}

function patternsOf(text: string): string[] | null {
  const patterns = text
    .split(',')
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '')
  return patterns.length === 0 ? null : [...new Set(patterns)]
}

const mostPatterns = 64
const mostCharacters = 128

/** Why a field of a right will not do; null: it will. */
export function patternsProblem(text: string): string | null {
  const patterns = patternsOf(text) ?? []
  if (patterns.length > mostPatterns) return `At most ${mostPatterns} names`
  if (patterns.some((pattern) => pattern.length > mostCharacters)) return 'A name is too long'
  return null
}

/** Whether a grant can be saved as it is typed. */
export function isComplete({ role, rights }: GrantDraft): boolean {
  if (role !== 'operator' || rights === null) return true
  return rights.every((right) => Object.values(right).every((text) => patternsProblem(text) === null))
}
