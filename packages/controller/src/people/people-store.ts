import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { drizzle, type BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import { Rights, Role, type Grant } from '@varve/protocol/people'
import type { Secrets } from '@varve/trust/secrets'
import { packageFolder } from '../package.ts'
import { statement } from '../store/database.ts'
import * as schema from './people-schema.ts'

/** Who may sign in, by what, and who has: a database of its own. */
export type PeopleDb = BetterSQLite3Database<typeof schema> & { readonly $client: Database.Database }

/** What somebody may at the moment. */
export interface PersonStanding {
  readonly username: string
  readonly role: string
  readonly rights: string | null
  readonly disabledAt: number | null
}

export interface PersonRow extends PersonStanding {
  readonly id: string
  readonly createdAt: number
  readonly seenAt: number | null
  readonly twoFactorEnabled: number | null
  readonly hasPassword: number
  readonly isFromSingleSignOn: number
  readonly passkeys: number
  readonly sessions: number
  readonly keys: number
}

export interface SessionRow {
  readonly id: string
  readonly userId: string
  readonly username: string
  readonly userAgent: string | null
  readonly ipAddress: string | null
  readonly createdAt: number
  readonly expiresAt: number
}

export interface KeyRow {
  readonly id: string
  readonly userId: string
  readonly username: string
  readonly name: string | null
  readonly start: string | null
  readonly metadata: string | null
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly lastRequest: number | null
}

const migrationsFolder = join(packageFolder, 'drizzle-people')

/** Opens the database and brings its tables up to date. `:memory:` for tests. */
export function openPeopleDatabase(path: string): PeopleDb {
  const client = new Database(path)
  client.pragma('busy_timeout = 5000')
  client.pragma('journal_mode = WAL')
  // Who was put out stays out after a power cut too.
  client.pragma('synchronous = FULL')
  client.pragma('foreign_keys = ON')
  const db = drizzle(client, { schema })
  migrate(db, { migrationsFolder })
  return db
}

const count = (table: string, of: string) => `(SELECT count(*) FROM ${table} WHERE ${of} = user.id)`
const people = `SELECT id, username, role, rights, createdAt, seenAt, disabledAt, twoFactorEnabled,
  (SELECT count(*) FROM account WHERE userId = user.id AND password IS NOT NULL) AS hasPassword,
  (SELECT count(*) FROM account WHERE userId = user.id AND providerId = 'single-sign-on') AS isFromSingleSignOn,
  ${count('passkey', 'userId')} AS passkeys,
  (SELECT count(*) FROM session WHERE userId = user.id AND expiresAt > ?) AS sessions,
  (SELECT count(*) FROM apikey WHERE referenceId = user.id AND (expiresAt IS NULL OR expiresAt > ?)) AS keys
  FROM user`
const allPeople = statement<PersonRow>(`${people} ORDER BY username`)
const onePerson = statement<PersonRow>(`${people} WHERE username = ?`)
const personById = statement<PersonRow>(`${people} WHERE id = ?`)
/** Asked for with every request: without what is counted for lists. */
const standingOf = statement<PersonStanding>(
  'SELECT username, role, rights, disabledAt FROM user WHERE id = ?',
)
const setRole = statement('UPDATE user SET role = ?, rights = ?, updatedAt = ? WHERE id = ?')
const setDisabledAt = statement('UPDATE user SET disabledAt = ?, updatedAt = ? WHERE id = ?')
const setSeenAt = statement('UPDATE user SET seenAt = ? WHERE id = ?')
const admins = statement<{ id: string }>(
  `SELECT id FROM user WHERE role = 'admin' AND disabledAt IS NULL AND id <> ?`,
)
const deletePerson = statement('DELETE FROM user WHERE id = ?')
const deleteOf = ['account', 'session', 'passkey', 'two_factor'].map((table) =>
  statement(`DELETE FROM ${table} WHERE userId = ?`),
)
const deleteKeysOf = statement('DELETE FROM apikey WHERE referenceId = ?')
const endTwoFactor = statement('UPDATE user SET twoFactorEnabled = 0 WHERE id = ?')
const deleteSessionsOf = statement('DELETE FROM session WHERE userId = ? AND id <> ?')
const sessions = statement<SessionRow>(`SELECT session.id, userId, username, userAgent, ipAddress,
  session.createdAt, session.expiresAt FROM session JOIN user ON user.id = userId
  WHERE session.expiresAt > ? AND (? IS NULL OR userId = ?) ORDER BY session.createdAt DESC LIMIT 1000`)
const deleteSession = statement('DELETE FROM session WHERE id = ? AND (? IS NULL OR userId = ?)')
const keys =
  statement<KeyRow>(`SELECT apikey.id, referenceId AS userId, username, apikey.name, start, metadata,
  apikey.createdAt, apikey.expiresAt, lastRequest FROM apikey JOIN user ON user.id = referenceId
  WHERE (? IS NULL OR referenceId = ?) ORDER BY apikey.createdAt DESC LIMIT 1000`)
const deleteKey = statement('DELETE FROM apikey WHERE id = ? AND (? IS NULL OR referenceId = ?)')
const addLink = statement(
  'INSERT INTO sign_in_links (secretHash, userId, madeAt, expiresAt) VALUES (?, ?, ?, ?)',
)
const useLink = statement(
  `UPDATE sign_in_links SET usedAt = ? WHERE secretHash = ? AND usedAt IS NULL AND expiresAt > ?`,
)
const linkOf = statement<{ userId: string }>('SELECT userId FROM sign_in_links WHERE secretHash = ?')
const deleteLinksOf = statement('DELETE FROM sign_in_links WHERE userId = ? AND usedAt IS NULL')
const pruneLinks = statement('DELETE FROM sign_in_links WHERE expiresAt < ?')
const pruneSessions = statement('DELETE FROM session WHERE expiresAt < ?')
const pruneCodes = statement('DELETE FROM device_code WHERE expiresAt < ?')
const endAllSessions = statement('DELETE FROM session')
const endWaiting = ['sign_in_links', 'device_code', 'verification'].map((table) =>
  statement(`DELETE FROM ${table}`),
)
const setting = statement<{ value: string }>('SELECT value FROM settings WHERE name = ?')
const putSetting = statement('INSERT INTO settings (name, value) VALUES (?, ?)')
const passkeysOf = statement<{ id: string; name: string | null; createdAt: number | null }>(
  'SELECT id, name, createdAt FROM passkey WHERE userId = ? ORDER BY createdAt',
)

/** What the people's service asks of the database, each one statement or one write. */
export const peopleStore = {
  all: (db: PeopleDb, now: number) => allPeople.all(db, now, now),
  byName: (db: PeopleDb, name: string, now: number) => onePerson.get(db, now, now, name) ?? null,
  byId: (db: PeopleDb, id: string, now: number) => personById.get(db, now, now, id) ?? null,
  standing: (db: PeopleDb, id: string) => standingOf.get(db, id) ?? null,
  passkeysOf: (db: PeopleDb, id: string) => passkeysOf.all(db, id),
  setGrant: (db: PeopleDb, id: string, { role, rights }: Grant, now: number) =>
    setRole.run(db, role, rights === null ? null : JSON.stringify(rights), now, id),
  setDisabled: (db: PeopleDb, id: string, at: number | null, now: number) =>
    setDisabledAt.run(db, at, now, id),
  setSeen: (db: PeopleDb, id: string, at: number) => setSeenAt.run(db, at, id),
  hasOtherAdmin: (db: PeopleDb, id: string) => admins.get(db, id) !== undefined,
  remove: (db: PeopleDb, id: string) => deletePerson.run(db, id),
  /** Takes from somebody all that they could sign in with. */
  forget: (db: PeopleDb, id: string) =>
    db.$client
      .transaction(() => {
        for (const one of deleteOf) one.run(db, id)
        deleteKeysOf.run(db, id)
        deleteLinksOf.run(db, id)
        endTwoFactor.run(db, id)
      })
      .immediate(),
  sessions: (db: PeopleDb, whose: string | null, now: number) => sessions.all(db, now, whose, whose),
  endSession: (db: PeopleDb, whose: string | null, id: string) => deleteSession.run(db, id, whose, whose) > 0,
  endSessionsOf: (db: PeopleDb, id: string, exceptSession = '') =>
    deleteSessionsOf.run(db, id, exceptSession),
  keys: (db: PeopleDb, whose: string | null) => keys.all(db, whose, whose),
  revokeKey: (db: PeopleDb, whose: string | null, id: string) => deleteKey.run(db, id, whose, whose) > 0,
  /** Gives the secret of a new link; older ones of the same person end. */
  makeLink(
    db: PeopleDb,
    id: string,
    { now, until }: { readonly now: number; readonly until: number },
  ): string {
    const secret = randomBytes(32).toString('base64url')
    db.$client
      .transaction(() => {
        deleteLinksOf.run(db, id)
        addLink.run(db, hashOf(secret), id, now, until)
      })
      .immediate()
    return secret
  },
  /** Whose link that is; null: it is none, was used, or is over. Once only. */
  useLink(db: PeopleDb, secret: string, now: number): string | null {
    const hash = hashOf(secret)
    return useLink.run(db, now, hash, now) === 0 ? null : (linkOf.get(db, hash)?.userId ?? null)
  },
  endSignIns: (db: PeopleDb): number =>
    db.$client
      .transaction(() => {
        for (const one of endWaiting) one.run(db)
        return endAllSessions.run(db)
      })
      .immediate(),
  prune(db: PeopleDb, now: number): void {
    pruneLinks.run(db, now)
    pruneSessions.run(db, now)
    pruneCodes.run(db, now)
  },
}

/** What cookies are signed with: made once, sealed. */
export function signInSecret(db: PeopleDb, secrets: Secrets): string {
  const purpose = 'sign-in'
  const known = setting.get(db, purpose)
  if (known) return secrets.open(purpose, known.value).toString('utf8')
  const made = randomBytes(48).toString('base64url')
  putSetting.run(db, purpose, secrets.seal(purpose, Buffer.from(made)))
  return made
}

/** A role and rights as they are kept; what cannot be read lets nobody do more than look. */
export function grantOf(role: unknown, rights: unknown): Grant {
  const parsed = Role.safeParse(role)
  const bounds = rights === null || rights === undefined ? null : Rights.safeParse(jsonOf(rights)).data
  return parsed.success && bounds !== undefined
    ? { role: parsed.data, rights: bounds }
    : { role: 'viewer', rights: null }
}

/** Undefined: it is no JSON. */
export function jsonOf(text: unknown): unknown {
  if (typeof text !== 'string') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
