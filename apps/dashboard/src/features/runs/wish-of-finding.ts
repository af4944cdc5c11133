import type { RunView } from '@varve/protocol/runs'

/** An operation with its request. */
export interface FoundWish {
  readonly host: string
  readonly operation: string
  readonly request: Readonly<Record<string, unknown>>
}

/** What mends the finding at that place of what a run has found, or does something about all that it has found; null: nothing that is planned. */
export function wishOfFinding({ steps }: RunView, at: number): FoundWish | null {
  const last = steps.at(-1)
  const findings = last?.result?.['findings']
  if (!last) return null
  const { wish } = Array.isArray(findings)
    ? membersOf(findings[at])
    : membersOf(at === 0 ? last.result : null)
  const { operation, request } = membersOf(wish)
  if (typeof operation !== 'string' || typeof request !== 'object' || request === null) return null
  return { host: last.host, operation, request: membersOf(request) }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
