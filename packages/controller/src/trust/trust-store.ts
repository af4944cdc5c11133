import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import type { memberStates } from '@varve/protocol/trust'
import { packageFolder } from '../package.ts'
import { statement } from '../store/database.ts'

/** Who belongs to the fleet: a database of its own, that outlives the inventory. */
export interface TrustDb {
  readonly $client: Database.Database
}

export interface RootRow {
  readonly generation: number
  readonly certificate: string
  readonly crossCertificate: string | null
  readonly sealedKey: string
  readonly madeAt: string
  readonly retiredAt: string | null
}

export interface TokenRow {
  readonly id: string
  readonly secretHash: string
  readonly pattern: string
  readonly madeAt: string
  readonly expiresAt: string
  readonly usedAt: string | null
  readonly usedBy: string | null
  readonly usedKey: string | null
  readonly canceledAt: string | null
}

export type MemberState = (typeof memberStates)[number]

export interface MemberRow {
  readonly serial: string
  readonly name: string
  readonly kind: 'agent' | 'tool'
  readonly state: MemberState
  readonly reason: string
  readonly madeAt: string
  readonly notAfter: string
  readonly changedAt: string
  readonly generation: number
  readonly chain: string
}

const migrationsFolder = join(packageFolder, 'drizzle-trust')

/** Opens the database and brings its tables up to date. `:memory:` for tests. */
export function openTrustDatabase(path: string): TrustDb {
  const $client = new Database(path)
  $client.pragma('busy_timeout = 5000')
  $client.pragma('journal_mode = WAL')
  // A revocation that was said to be done holds after a power cut too.
  $client.pragma('synchronous = FULL')
  migrate(drizzle($client), { migrationsFolder })
  return { $client }
}

/** Runs `work` as one write. */
export function writeTrust<T>(db: TrustDb, work: () => T): T {
  return db.$client.transaction(work).immediate()
}

const fleetId = statement<{ id: string }>('SELECT id FROM fleet')
const addFleet = statement('INSERT INTO fleet (only, id, madeAt) VALUES (1, ?, ?)')
const allRoots = statement<RootRow>('SELECT * FROM roots WHERE retiredAt IS NULL ORDER BY generation DESC')
const insertRoot = statement(
  'INSERT INTO roots (generation, certificate, crossCertificate, sealedKey, madeAt) VALUES (?, ?, ?, ?, ?)',
)
const setRetired = statement('UPDATE roots SET retiredAt = ? WHERE generation < ? AND retiredAt IS NULL')
const insertToken = statement(
  'INSERT INTO join_tokens (id, secretHash, pattern, madeAt, expiresAt) VALUES (?, ?, ?, ?, ?)',
)
const oneToken = statement<TokenRow>('SELECT * FROM join_tokens WHERE id = ?')
const allTokens = statement<TokenRow>('SELECT * FROM join_tokens ORDER BY rowid DESC LIMIT 200')
const setUsed = statement('UPDATE join_tokens SET usedAt = ?, usedBy = ?, usedKey = ? WHERE id = ?')
const setCanceled = statement(
  'UPDATE join_tokens SET canceledAt = ? WHERE id = ? AND usedAt IS NULL AND canceledAt IS NULL',
)
const insertMember = statement(
  `INSERT INTO members (serial, name, kind, state, madeAt, notAfter, changedAt, generation, chain)
   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
)
const oneMember = statement<MemberRow>('SELECT * FROM members WHERE serial = ?')
const membersNamed = statement<MemberRow>('SELECT * FROM members WHERE name = ? ORDER BY rowid DESC')
const allMembers = statement<MemberRow>('SELECT * FROM members ORDER BY name, rowid DESC LIMIT 100000')
const allBarred = statement<{ serial: string }>(
  `SELECT serial FROM members WHERE state IN ('revoked', 'stopped') AND notAfter > ? ORDER BY rowid DESC`,
)
const setState = statement('UPDATE members SET state = ?, reason = ?, changedAt = ? WHERE serial = ?')
const dropEnded = statement('DELETE FROM members WHERE notAfter < ?')
const dropTokens = statement('DELETE FROM join_tokens WHERE expiresAt < ?')

/** The id of the fleet, made with its first controller. */
export function fleetOf(db: TrustDb, at: string): string {
  const known = fleetId.get(db)
  if (known) return known.id
  const id = randomBytes(16).toString('hex')
  addFleet.run(db, id, at)
  return id
}

/** Those that are believed, the newest, which signs, first. */
export const rootsOf = (db: TrustDb): RootRow[] => allRoots.all(db)

export function addRoot(db: TrustDb, row: Omit<RootRow, 'retiredAt'>): void {
  insertRoot.run(db, row.generation, row.certificate, row.crossCertificate, row.sealedKey, row.madeAt)
}

/** Older ones than `generation` are believed no longer. */
export function retireRoots(db: TrustDb, generation: number, at: string): void {
  setRetired.run(db, at, generation)
}

export const tokensOf = (db: TrustDb): TokenRow[] => allTokens.all(db)
export const tokenOf = (db: TrustDb, id: string): TokenRow | null => oneToken.get(db, id) ?? null

export function addToken(
  db: TrustDb,
  row: Pick<TokenRow, 'id' | 'secretHash' | 'pattern' | 'madeAt' | 'expiresAt'>,
): void {
  insertToken.run(db, row.id, row.secretHash, row.pattern, row.madeAt, row.expiresAt)
}

export function useToken(db: TrustDb, id: string, by: { name: string; key: string; at: string }): void {
  setUsed.run(db, by.at, by.name, by.key, id)
}

/** False: there is no such token that could still be used. */
export function cancelToken(db: TrustDb, id: string, at: string): boolean {
  return setCanceled.run(db, at, id) > 0
}

export const memberBySerial = (db: TrustDb, serial: string): MemberRow | null =>
  oneMember.get(db, serial) ?? null
export const membersOf = (db: TrustDb): MemberRow[] => allMembers.all(db)
/** All certificates of a name, the newest first. */
export const certificatesOf = (db: TrustDb, name: string): MemberRow[] => membersNamed.all(db, name)

/** Those that were put out or stopped and would not be over at `at`, the newest first. */
export const barredOf = (db: TrustDb, at: string): { serial: string }[] => allBarred.all(db, at)

export function addMember(db: TrustDb, row: Omit<MemberRow, 'reason' | 'changedAt'>): void {
  const { serial, name, kind, state, madeAt, notAfter, generation, chain } = row
  insertMember.run(db, serial, name, kind, state, madeAt, notAfter, madeAt, generation, chain)
}

export function setMemberState(
  db: TrustDb,
  serial: string,
  now: { readonly state: MemberState; readonly reason?: string; readonly at: string },
): void {
  setState.run(db, now.state, now.reason ?? '', now.at, serial)
}

/** Drops certificates and tokens that ended before `at`: nothing would take them anyway. */
export function pruneTrust(db: TrustDb, at: string): void {
  dropEnded.run(db, at)
  dropTokens.run(db, at)
}
