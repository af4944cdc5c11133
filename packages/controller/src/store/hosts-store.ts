import type { HostFacts, HostView, LibraryFacts } from '@varve/protocol/hosts'
import { and, asc, eq, inArray } from 'drizzle-orm'
import type { Queries } from './database.ts'
import { hostFacts, libraryFacts } from './payload-kinds.ts'
import { decodePayload, encodePayload } from './payload.ts'
import { hosts, images, libraries } from './schema.ts'

/** Who speaks for a host. */
export interface HostSession {
  readonly name: string
  readonly instance: string
  readonly session: string
}

/** Keeps what an agent said of itself. Libraries that it no longer has go, with their images. */
export function saveHost(db: Queries, session: HostSession, options: { facts: HostFacts; at: string }): void {
  const { libraries: places, ...own } = options.facts
  const row = { ...session, since: options.at, facts: encodePayload(hostFacts, own) }
  db.insert(hosts).values(row).onConflictDoUpdate({ target: hosts.name, set: row }).run()
  const names = new Set(places.map(({ name }) => name))
  const gone = libraryNames(db, session.name).filter((name) => !names.has(name))
  if (gone.length > 0) {
    db.delete(images)
      .where(and(eq(images.host, session.name), inArray(images.library, gone)))
      .run()
    db.delete(libraries)
      .where(and(eq(libraries.host, session.name), inArray(libraries.name, gone)))
      .run()
  }
  for (const place of places) {
    const facts = encodePayload(libraryFacts, place)
    db.insert(libraries)
      .values({ host: session.name, name: place.name, facts })
      .onConflictDoUpdate({ target: [libraries.host, libraries.name], set: { facts } })
      .run()
  }
}

export function libraryNames(db: Queries, host: string): string[] {
  const rows = db.select({ name: libraries.name }).from(libraries).where(eq(libraries.host, host)).all()
  return rows.map(({ name }) => name)
}

export function libraryFactsOf(db: Queries, host: string, name: string): LibraryFacts | null {
  const where = and(eq(libraries.host, host), eq(libraries.name, name))
  const row = db.select().from(libraries).where(where).get()
  return row ? decodePayload(libraryFacts, row.facts) : null
}

/** Whether the library was scanned to its end at least once. */
export function isScanned(db: Queries, host: string, name: string): boolean {
  const where = and(eq(libraries.host, host), eq(libraries.name, name))
  return (db.select().from(libraries).where(where).get()?.scanFinishedAt ?? null) !== null
}

export function setScan(
  db: Queries,
  library: { host: string; name: string },
  scan: { scanState: 'scanning' | 'watching'; scanFinishedAt?: string },
): void {
  const where = and(eq(libraries.host, library.host), eq(libraries.name, library.name))
  db.update(libraries).set(scan).where(where).run()
}

/** Marks the time at which a host came or went. */
export function setSince(db: Queries, host: string, since: string): void {
  db.update(hosts).set({ since }).where(eq(hosts.name, host)).run()
}

export function hostSessions(db: Queries): HostSession[] {
  return db
    .select({ name: hosts.name, instance: hosts.instance, session: hosts.session })
    .from(hosts)
    .orderBy(asc(hosts.name))
    .all()
}

export function hostNames(db: Queries): string[] {
  return hostSessions(db).map(({ name }) => name)
}

/** One host as the store knows it; whether it is connected and what runs there is for the caller to say. */
export function hostView(
  db: Queries,
  name: string,
  now: Pick<HostView, 'state' | 'running'>,
): HostView | null {
  const row = db.select().from(hosts).where(eq(hosts.name, name)).get()
  if (!row) return null
  const places = db
    .select()
    .from(libraries)
    .where(eq(libraries.host, name))
    .orderBy(asc(libraries.name))
    .all()
  return {
    ...decodePayload(hostFacts, row.facts),
    ...now,
    since: row.since,
    libraries: places.map((place) => ({ ...decodePayload(libraryFacts, place.facts), images: place.images })),
    images: places.reduce((total, place) => total + place.images, 0),
    scan: scanOf(places),
  }
}

function scanOf(places: readonly (typeof libraries.$inferSelect)[]): HostView['scan'] {
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
