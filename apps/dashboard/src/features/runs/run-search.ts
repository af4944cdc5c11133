import type { RunLine, RunState } from './run-line.ts'

const states = [
  'open',
  'ended',
  'waiting',
  'running',
  'canceling',
  'undoing',
  'succeeded',
  'failed',
  'canceled',
  'undone',
] as const

/** What the list of runs shows, as it stands in the URL. */
export interface RunSearch {
  /** In what it does, the names of its images, or its hosts. */
  readonly q?: string
  readonly state?: 'open' | 'ended' | RunState
  readonly host?: string
  readonly operation?: string
}

/** Takes from a URL what the list understands and drops the rest; what lists of migrations had is understood too. */
export function toRunSearch(search: Record<string, unknown>): RunSearch {
  const text = (value: unknown) => {
    const words = typeof value === 'number' ? String(value) : value
    return typeof words === 'string' && words !== '' ? words.slice(0, 200) : undefined
  }
  const [q, host, operation] = [text(search['q']), text(search['host']), text(search['operation'])]
  const asked = search['state'] === 'active' ? 'open' : search['state']
  const state = states.find((one) => one === asked)
  return {
    ...(q === undefined ? {} : { q }),
    ...(state === undefined ? {} : { state }),
    ...(host === undefined ? {} : { host }),
    ...(operation === undefined ? {} : { operation }),
  }
}

/** The lines that the search leaves, those that run first, then the newest first. */
export function searchRuns(lines: readonly RunLine[], search: RunSearch): readonly RunLine[] {
  const words = (search.q ?? '').toLowerCase().split(/\s+/u).filter(Boolean)
  return lines
    .filter(({ number, summary, operation, hosts, state, isOpen, keywords }) => {
      if (search.state === 'open' && !isOpen) return false
      if (search.state === 'ended' && isOpen) return false
      const isState = search.state !== undefined && search.state !== 'open' && search.state !== 'ended'
      if (isState && search.state !== state) return false
      if (search.host !== undefined && !hosts.includes(search.host)) return false
      if (search.operation !== undefined && search.operation !== operation) return false
      const text = `${number} ${summary} ${operation} ${hosts.join(' ')} ${keywords}`.toLowerCase()
      return words.every((word) => text.includes(word))
    })
    .toSorted(
      (a, b) =>
        Number(b.isOpen) - Number(a.isOpen) || b.startedAt.localeCompare(a.startedAt) || b.number - a.number,
    )
}

/** Hosts and operations that the lines name, to choose from. */
export function runChoices(lines: readonly RunLine[]) {
  const sorted = (values: readonly string[]) => [...new Set(values)].toSorted()
  return {
    hosts: sorted(lines.flatMap(({ hosts }) => hosts)),
    operations: sorted(lines.map(({ operation }) => operation)),
  }
}
