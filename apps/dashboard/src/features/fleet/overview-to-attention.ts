import { countOf, formatBytes } from '@varve/core/units/format-bytes'
import type { HostView } from '@varve/protocol/hosts'
import type { MigrationView } from '@varve/protocol/migrations'
import type { Overview } from '@varve/protocol/overview'

/** Something that needs a person, with the page that shows it. */
export type Attention = {
  readonly id: string
  readonly severity: 'block' | 'warn'
  readonly title: string
  readonly more: string
} & (
  | { readonly page: 'host'; readonly name: string }
  | { readonly page: 'hosts' | 'migrations' }
  | { readonly page: 'migration'; readonly migration: string }
)

/** As many failures as an overview holds. */
const mostFailed = 10

/** A filesystem with less than this share free is nearly full. */
const tightShare = 0.1

/** What needs a person, the worst first: migrations that failed and were not made good, hosts that are away, full libraries. */
export function overviewToAttention(overview: Overview): readonly Attention[] {
  return [...failedMigrations(overview), ...awayHosts(overview), ...fullLibraries(overview.hosts)]
}

/** Each by its name, unless they are many. */
const mostNamed = 5

function failedMigrations({ recent, failed, running }: Overview): Attention[] {
  // What was pushed since the overview was asked for stands among the recent ones.
  const fresh = recent.filter(
    ({ id, state }) => state === 'failed' && failed.every((known) => known.id !== id),
  )
  const open = [...fresh, ...failed]
    .filter((migration) => !isMadeGood(migration, [...recent, ...running]))
    .toSorted((a, b) => b.number - a.number)
  const named = open.length > mostNamed ? open.slice(0, mostNamed - 1) : open
  const rows = named.map(({ id, source, target, error }): Attention => ({
    id: `migration ${id}`,
    severity: 'block',
    title: `${source.name.split('/').at(-1) ?? source.name} did not get to ${target.host}`,
    more: error === null ? 'The migration failed.' : error.remedy,
    page: 'migration',
    migration: id,
  }))
  if (open.length === named.length) return rows
  // An overview holds the newest failures only.
  const rest = open.length - named.length
  return [
    ...rows,
    {
      id: 'migrations failed',
      severity: 'block',
      title: `${failed.length < mostFailed ? '' : 'At least '}${countOf(rest, 'more migration')} failed`,
      more: 'Each says what is safe and what to do. Those that need nothing more can be cleared from the list.',
      page: 'migrations',
    },
  ]
}

/** A later migration of the same image to the same place that runs, or came to its end. */
function isMadeGood(failed: MigrationView, others: readonly MigrationView[]): boolean {
  return others.some(
    ({ number, image, target, state }) =>
      number > failed.number &&
      image === failed.image &&
      target.host === failed.target.host &&
      (state === 'succeeded' || state === 'running' || state === 'waiting'),
  )
}

function awayHosts({ hosts, hostTotals }: Overview): Attention[] {
  const away = hostTotals.total - hostTotals.connected
  const named = hosts.filter(({ state }) => state === 'offline')
  if (away > mostNamed) {
    return [
      {
        id: 'hosts away',
        severity: 'block',
        title: `${countOf(away, 'host')} are offline`,
        more: 'What is shown of their images is from before. Start their agents again.',
        page: 'hosts',
      },
    ]
  }
  return named.map(({ name, images }) => ({
    id: `host ${name}`,
    severity: 'block',
    title: `${name} is offline`,
    more: `What is shown of its ${countOf(images, 'image')} is from before. Start its agent again.`,
    page: 'host',
    name,
  }))
}

function fullLibraries(hosts: readonly HostView[]): Attention[] {
  return hosts.flatMap(({ name: host, state, libraries }) => {
    if (state === 'offline') return []
    const byMount = new Map<string, Attention>()
    for (const { name, path, place, writable } of libraries) {
      const { free, total, mountPoint } = place
      if (!writable || free === null || total === null || total === 0 || free >= total * tightShare) continue
      const key = mountPoint ?? path
      const known = byMount.get(key)
      byMount.set(key, {
        id: `library ${host} ${key}`,
        severity: 'warn',
        title: known
          ? `${known.title}, ${name}`
          : `${host} is nearly full: ${formatBytes(free)} of ${formatBytes(total)} free for ${name}`,
        more: 'Reclaim or move images before the next one is written there.',
        page: 'host',
        name: host,
      })
    }
    return [...byMount.values()]
  })
}
