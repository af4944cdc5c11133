import type { HostFacts, HostTotals, LibraryFacts } from '@varve/protocol/hosts'
import { AgentProgram } from '@varve/protocol/updates'
import { statement, type Queries } from './database.ts'
import { freeUnder } from './library-space.ts'
import { hostFacts, libraryFacts } from './payload-kinds.ts'
import { decodePayload, encodePayload } from './payload.ts'

/** Who speaks for a host. */
export interface HostSession {
  readonly name: string
  readonly instance: string
  readonly session: string
}

const upsertHost = statement(`
  INSERT INTO hosts (name, instance, session, since, connected, system, free, facts) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET instance = excluded.instance, session = excluded.session, since = excluded.since,
    connected = excluded.connected, system = excluded.system, free = excluded.free, facts = excluded.facts`)
const upsertLibrary = statement(`
  INSERT INTO libraries (host, name, facts) VALUES (?, ?, ?)
  ON CONFLICT (host, name) DO UPDATE SET facts = excluded.facts WHERE facts <> excluded.facts`)
const deleteLibrary = statement('DELETE FROM libraries WHERE host = ? AND name = ?')
const deleteImages = statement('DELETE FROM images WHERE host = ? AND library = ?')
const libraryNamesOf = statement<{ name: string }>('SELECT name FROM libraries WHERE host = ?')
const libraryOf = statement<{ facts: string; scanFinishedAt: string | null }>(
  'SELECT facts, scanFinishedAt FROM libraries WHERE host = ? AND name = ?',
)
const librariesOf = statement<{ facts: string }>('SELECT facts FROM libraries WHERE host = ? ORDER BY name')
const changeFree = statement('UPDATE hosts SET free = ? WHERE name = ?')
const presenceOf = statement<{ connected: number; since: string }>(
  'SELECT connected, since FROM hosts WHERE name = ?',
)
const scanStarted = statement(`UPDATE libraries SET scanState = 'scanning' WHERE host = ? AND name = ?`)
const scanFinished = statement(
  `UPDATE libraries SET scanState = 'watching', scanFinishedAt = ? WHERE host = ? AND name = ?`,
)
const changePresence = statement('UPDATE hosts SET connected = ?, since = ? WHERE name = ?')
const disconnectAll = statement('UPDATE hosts SET connected = 0, since = ? WHERE connected = 1')
const sessions = statement<HostSession>('SELECT name, instance, session FROM hosts ORDER BY name')
const totals = statement<HostTotals>(
  'SELECT count(*) AS total, coalesce(sum(connected), 0) AS connected FROM hosts',
)

export interface SaveHostOptions {
  readonly facts: HostFacts
  readonly at: string
  readonly connected?: boolean
}

/** Keeps what an agent said of itself. Libraries that it no longer has go, with their images. */
export function saveHost(db: Queries, session: HostSession, options: SaveHostOptions): void {
  const { libraries: places, ...own } = options.facts
  const { name, instance } = session
  upsertHost.run(
    db,
    name,
    instance,
    session.session,
    options.at,
    options.connected === true ? 1 : 0,
    own.os.name,
    freeUnder(places),
    encodePayload(hostFacts, own),
  )
  const names = new Set(places.map((place) => place.name))
  for (const library of libraryNames(db, name)) {
    if (names.has(library)) continue
    deleteImages.run(db, name, library)
    deleteLibrary.run(db, name, library)
  }
  for (const place of places) upsertLibrary.run(db, name, place.name, encodePayload(libraryFacts, place))
}

/** Keeps what has changed of the places of a host's libraries; false when nothing has. Libraries it never told are passed over. */
export function savePlaces(
  db: Queries,
  host: string,
  places: readonly Omit<LibraryFacts, 'path'>[],
): boolean {
  let changed = 0
  for (const { name, ...now } of places) {
    const known = libraryFactsOf(db, host, name)
    if (known) changed += upsertLibrary.run(db, host, name, encodePayload(libraryFacts, { ...known, ...now }))
  }
  if (changed > 0) changeFree.run(db, freeUnder(libraryFactsOfHost(db, host)), host)
  return changed > 0
}

export function libraryFactsOfHost(db: Queries, host: string): LibraryFacts[] {
  return librariesOf.all(db, host).map(({ facts }) => decodePayload(libraryFacts, facts))
}

export function libraryNames(db: Queries, host: string): string[] {
  return libraryNamesOf.all(db, host).map(({ name }) => name)
}

export function libraryFactsOf(db: Queries, host: string, name: string): LibraryFacts | null {
  const row = libraryOf.get(db, host, name)
  return row ? decodePayload(libraryFacts, row.facts) : null
}

export function hasLibrary(db: Queries, host: string, name: string): boolean {
  return libraryOf.get(db, host, name) !== undefined
}

/** Whether the library was scanned to its end at least once. */
export function isScanned(db: Queries, host: string, name: string): boolean {
  return (libraryOf.get(db, host, name)?.scanFinishedAt ?? null) !== null
}

/** `finishedAt`: null when the scan has just begun. */
export function setScan(
  db: Queries,
  library: { host: string; name: string },
  finishedAt: string | null,
): void {
  if (finishedAt === null) scanStarted.run(db, library.host, library.name)
  else scanFinished.run(db, finishedAt, library.host, library.name)
}

/** Marks that a host came or went, and when. */
export function setPresence(
  db: Queries,
  host: string,
  now: { readonly connected: boolean; readonly since: string },
): void {
  changePresence.run(db, now.connected ? 1 : 0, now.since, host)
}

/** Whether a host is connected, and since when; null for one that never said hello. */
export function presenceOfHost(db: Queries, host: string): { connected: boolean; since: string } | null {
  const row = presenceOf.get(db, host)
  return row ? { connected: row.connected === 1, since: row.since } : null
}

/** At the start of a controller no agent has been heard yet. */
export function setAllOffline(db: Queries, since: string): void {
  disconnectAll.run(db, since)
}

export function hostSessions(db: Queries): HostSession[] {
  return sessions.all(db)
}

export function hostTotals(db: Queries): HostTotals {
  return totals.get(db) ?? { connected: 0, total: 0 }
}

/** What an agent runs, by name of its host; `program` null: the fleet cannot update it. */
export interface HostProgram {
  readonly name: string
  readonly program: HostFacts['program']
}

// Of the facts of thousands of hosts only this is read.
const connectedWithPrograms = statement<{ name: string; program: string | null }>(
  `SELECT name, json_extract(facts, '$.data.program') AS program FROM hosts WHERE connected = 1 ORDER BY name`,
)

/** What runs on the hosts that are connected, by name. */
export function connectedPrograms(db: Queries): HostProgram[] {
  return connectedWithPrograms.all(db).map(({ name, program }) => ({
    name,
    program: program === null ? null : AgentProgram.parse(JSON.parse(program)),
  }))
}

const factsOf = statement<{ facts: string }>('SELECT facts FROM hosts WHERE name = ?')

/** The program of a host's agent, and the names of its libraries; null for one that never said hello. */
export function knownHost(
  db: Queries,
  host: string,
): { readonly program: HostFacts['program']; readonly libraries: readonly string[] } | null {
  const row = factsOf.get(db, host)
  return row
    ? { program: decodePayload(hostFacts, row.facts).program, libraries: libraryNames(db, host) }
    : null
}

const setFacts = statement('UPDATE hosts SET facts = ? WHERE name = ?')

/** What a host's agent runs is kept: the agent says so itself with its next hello only. */
export function endTrialOf(db: Queries, host: string): void {
  const row = factsOf.get(db, host)
  const facts = row && decodePayload(hostFacts, row.facts)
  if (facts?.program)
    setFacts.run(
      db,
      encodePayload(hostFacts, { ...facts, program: { ...facts.program, isTried: false } }),
      host,
    )
}
