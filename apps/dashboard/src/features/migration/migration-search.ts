import type { MigrationState, MigrationView } from '@varve/protocol/migrations'

const states: readonly (MigrationState | 'active')[] = [
  'active',
  'waiting',
  'running',
  'canceling',
  'succeeded',
  'failed',
  'canceled',
]

/** What the list of migrations shows, as it stands in the URL. */
export interface MigrationSearch {
  /** In the names of the image, the target or its host. */
  readonly q?: string
  readonly state?: 'active' | MigrationState
  readonly host?: string
  readonly format?: string
}

/** Takes from a URL what the list understands and drops the rest. */
export function toMigrationSearch(search: Record<string, unknown>): MigrationSearch {
  const text = (value: unknown) => {
    const words = typeof value === 'number' ? String(value) : value
    return typeof words === 'string' && words !== '' ? words.slice(0, 200) : undefined
  }
  const [q, host, format] = [text(search['q']), text(search['host']), text(search['format'])]
  const state = states.find((one) => one === search['state'])
  return {
    ...(q === undefined ? {} : { q }),
    ...(state === undefined ? {} : { state }),
    ...(host === undefined ? {} : { host }),
    ...(format === undefined ? {} : { format }),
  }
}

/** The migrations that the search leaves, those that run first, then the newest first. */
export function searchMigrations(
  migrations: readonly MigrationView[],
  search: MigrationSearch,
): readonly MigrationView[] {
  const words = (search.q ?? '').toLowerCase().split(/\s+/u).filter(Boolean)
  return migrations
    .filter(({ number, source, target, state, finishedAt }) => {
      if (search.state === 'active' && finishedAt !== null) return false
      if (search.state !== undefined && search.state !== 'active' && search.state !== state) return false
      if (search.host !== undefined && search.host !== source.host && search.host !== target.host)
        return false
      if (search.format !== undefined && search.format !== target.format) return false
      const text = `${number} ${source.host} ${source.name} ${target.host} ${target.name}`.toLowerCase()
      return words.every((word) => text.includes(word))
    })
    .toSorted((a, b) => Number(a.finishedAt !== null) - Number(b.finishedAt !== null) || b.number - a.number)
}

/** Hosts and formats that the migrations name, to choose from. */
export function migrationChoices(migrations: readonly MigrationView[]) {
  const sorted = (values: readonly string[]) => [...new Set(values)].toSorted()
  return {
    hosts: sorted(migrations.flatMap(({ source, target }) => [source.host, target.host])),
    formats: sorted(migrations.map(({ target }) => target.format)),
  }
}
