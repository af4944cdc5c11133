import type { HostPage, HostQuery, HostView } from '@varve/protocol/hosts'
import { sql, type SQL } from 'drizzle-orm'
import type { z } from 'zod'
import { statement, type Queries } from './database.ts'
import { runningJobsOf } from './jobs-store.ts'
import { hostFacts, libraryFacts } from './payload-kinds.ts'
import { decodePayload } from './payload.ts'
import type { libraries } from './schema.ts'

type Query = z.output<typeof HostQuery>
type LibraryRow = typeof libraries.$inferSelect

const imagesOfHost = 'coalesce((SELECT sum(images) FROM libraries WHERE host = hosts.name), 0)'
const orders = {
  name: [],
  // `connected` before `offline`, as the words do.
  state: ['-connected'],
  system: ['system'],
  images: [imagesOfHost],
  free: ['free'],
  since: ['since'],
} as const satisfies Record<Query['sort'], readonly string[]>

const hostsOf = statement<{ name: string; since: string; connected: number; facts: string }>(
  'SELECT name, since, connected, facts FROM hosts WHERE name IN (SELECT value FROM json_each(?))',
)
const librariesOf = statement<LibraryRow>(
  'SELECT * FROM libraries WHERE host IN (SELECT value FROM json_each(?)) ORDER BY name',
)

/** A page of the hosts; its cost depends on the page and, slightly, on the number of hosts. */
export function listHosts(db: Queries, query: Query): HostPage {
  const where = conditions(query)
  const direction = sql.raw(query.direction === 'asc' ? 'ASC' : 'DESC')
  const order = sql.join(
    [...orders[query.sort], 'name'].map((column) => sql`${sql.raw(column)} ${direction}`),
    sql`, `,
  )
  const names = db.all<{ name: string }>(
    sql`SELECT name FROM hosts WHERE ${where} ORDER BY ${order} LIMIT ${query.limit} OFFSET ${query.offset}`,
  )
  const total = db.get<{ count: number }>(sql`SELECT count(*) AS count FROM hosts WHERE ${where}`)?.count ?? 0
  return {
    rows: hostViews(
      db,
      names.map(({ name }) => name),
    ),
    total,
    offset: query.offset,
  }
}

/** The hosts that a person looks at first: offline, then short of space, then by name. */
export function firstHosts(db: Queries, limit: number): HostView[] {
  const names = db.all<{ name: string }>(
    sql`SELECT name FROM hosts ORDER BY connected, free IS NULL, free, name LIMIT ${limit}`,
  )
  return hostViews(
    db,
    names.map(({ name }) => name),
  )
}

function conditions({ search, state }: Query): SQL {
  const parts: SQL[] = []
  if (search !== '') {
    const pattern = `%${search.replaceAll(/[\\%_]/gu, String.raw`\$&`)}%`
    parts.push(sql`(name LIKE ${pattern} ESCAPE '\\' OR system LIKE ${pattern} ESCAPE '\\')`)
  }
  if (state !== null) parts.push(sql`connected = ${state === 'connected' ? 1 : 0}`)
  return parts.length === 0 ? sql`1` : sql.join(parts, sql` AND `)
}

export function hostView(db: Queries, name: string): HostView | null {
  return hostViews(db, [name])[0] ?? null
}

/** Hosts in the order of `names`, in three statements however many they are; unknown ones are left out. */
export function hostViews(db: Queries, names: readonly string[]): HostView[] {
  if (names.length === 0) return []
  const wanted = [...names]
  const list = JSON.stringify(wanted)
  const rows = new Map(hostsOf.all(db, list).map((row) => [row.name, row]))
  const places = Map.groupBy(librariesOf.all(db, list), ({ host }) => host)
  const jobs = Map.groupBy(runningJobsOf(db, wanted), ({ host }) => host)
  return wanted.flatMap((name) => {
    const row = rows.get(name)
    if (!row) return []
    const own = places.get(name) ?? []
    return {
      ...decodePayload(hostFacts, row.facts),
      state: row.connected === 1 ? 'connected' : 'offline',
      since: row.since,
      libraries: own.map((place) => ({
        ...decodePayload(libraryFacts, place.facts),
        images: place.images,
      })),
      images: own.reduce((total, place) => total + place.images, 0),
      running: (jobs.get(name) ?? []).map(({ jobId, kind, title, migrationId }) => ({
        jobId,
        kind,
        title,
        migrationId,
      })),
      scan: scanOf(own),
    }
  })
}

function scanOf(places: readonly LibraryRow[]): HostView['scan'] {
  const finished = places.map(({ scanFinishedAt }) => scanFinishedAt)
  const oldest = finished.reduce<string | null>(
    (first, at) => (first === null || at === null || at < first ? at : first),
    finished[0] ?? null,
  )
  if (places.some(({ scanState }) => scanState === 'scanning'))
    return { state: 'scanning', finishedAt: oldest }
  const areAllWatched = places.length > 0 && places.every(({ scanState }) => scanState === 'watching')
  return { state: areAllWatched ? 'watching' : 'unknown', finishedAt: oldest }
}
