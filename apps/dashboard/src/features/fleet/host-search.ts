const states = ['connected', 'offline'] as const

/** What the list of hosts shows, as it stands in the URL. */
export interface HostSearch {
  /** In the name or the system of the host. */
  readonly q?: string
  readonly state?: (typeof states)[number]
  /** The place of the first host that is shown; the list is paged. */
  readonly from?: number
}

/** Takes from a URL what the list understands and drops the rest. */
export function toHostSearch(search: Record<string, unknown>): HostSearch {
  const { q: words, from } = search
  const q = typeof words === 'number' ? String(words) : words
  const state = states.find((one) => one === search['state'])
  return {
    ...(typeof q === 'string' && q !== '' ? { q: q.slice(0, 200) } : {}),
    ...(state === undefined ? {} : { state }),
    ...(typeof from === 'number' && Number.isInteger(from) && from > 0 && from <= 10_000_000 ? { from } : {}),
  }
}
