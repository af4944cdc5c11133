/** What the audit page shows, in the URL. */
export interface AuditSearch {
  readonly who?: string
  readonly what?: string
  readonly on?: string
  readonly result?: AuditState
}

export const auditResults = ['ok', 'refused', 'failed', 'succeeded', 'canceled', 'undone'] as const
type AuditState = (typeof auditResults)[number]

const mostWords = 300

export function toAuditSearch(search: Record<string, unknown>): AuditSearch {
  const words = (name: 'who' | 'what' | 'on') => {
    // The router reads digits as a number.
    const value = typeof search[name] === 'number' ? String(search[name]) : search[name]
    return typeof value === 'string' && value.trim() !== '' ? { [name]: value.slice(0, mostWords) } : {}
  }
  const result = auditResults.find((one) => one === search['result'])
  return { ...words('who'), ...words('what'), ...words('on'), ...(result === undefined ? {} : { result }) }
}
