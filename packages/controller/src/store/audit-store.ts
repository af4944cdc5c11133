import type { AuditEntry, AuditFilter, AuditLine } from '@varve/protocol/audit'
import { AuditEntry as Entry } from '@varve/protocol/audit'
import { and, asc, desc, eq, gt, gte, like, lt, lte, sql, type SQL } from 'drizzle-orm'
import { statement, type Queries } from './database.ts'
import { audit, auditState } from './schema.ts'

/** What is filtered by, made from an entry. */
interface Derived {
  readonly at: string
  readonly who: string
  readonly what: string
  readonly subjects: string
  readonly state: string | null
  readonly run: string | null
}

export interface AuditRow extends Derived {
  readonly sequence: number
  readonly entry: string
  readonly hash: string
}

const insert = statement(
  'INSERT INTO audit (sequence, entry, hash, at, who, what, subjects, state, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
)
const last = statement<{ sequence: number; hash: string }>(
  'SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1',
)
const after = statement<AuditRow>('SELECT * FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?')
const setHead = statement('UPDATE audit_state SET sealedHead = ? WHERE only = 1')
const ofRun = statement<{ entry: string }>('SELECT entry FROM audit WHERE run = ? ORDER BY sequence LIMIT 1')
const lastOfKind = statement<{ at: string }>(
  `SELECT at FROM audit WHERE what = ? ORDER BY sequence DESC LIMIT 1`,
)

/** What the columns beside an entry are. */
export function derive(entry: AuditEntry): Derived {
  const { at, who, peer, what, on, result } = entry
  const names = [who.kind, who.name, who.key, peer, entry.onBehalfOf?.kind, entry.onBehalfOf?.name]
  const run = on.find((one) => one.startsWith('run:'))?.slice('run:'.length) ?? null
  return {
    at,
    who: names.filter((name) => name !== null && name !== undefined).join(' '),
    what,
    subjects: on.join('\n'),
    state: result?.state ?? null,
    run,
  }
}

export function insertAudit(
  db: Queries,
  entry: AuditEntry,
  { text, hash }: { text: string; hash: string },
): void {
  const { at, who, what, subjects, state, run } = derive(entry)
  insert.run(db, entry.sequence, text, hash, at, who, what, subjects, state, run)
}

export function lastAudit(db: Queries): { readonly sequence: number; readonly hash: string } | null {
  return last.get(db) ?? null
}

/** At most `limit` rows as they lie there, oldest first. */
export function auditRowsAfter(db: Queries, sequence: number, limit: number): AuditRow[] {
  return after.all(db, sequence, limit)
}

/** The first line about a run: who began it. */
export function beginningOfRun(db: Queries, run: string): AuditEntry | null {
  const row = ofRun.get(db, run)
  return row ? (entryOf(row.entry) ?? null) : null
}

export function lastAuditOf(db: Queries, what: string): string | null {
  return lastOfKind.get(db, what)?.at ?? null
}

export interface AuditSlice {
  readonly filter: AuditFilter
  readonly before?: number | null
  readonly after?: number
  readonly limit: number
}

/** Lines that the filter lets through: newest first, with `after` oldest first. */
export function auditLines(db: Queries, slice: AuditSlice): { lines: AuditLine[]; isMore: boolean } {
  const { filter, before = null, after: from, limit } = slice
  const wanted = [
    before === null ? undefined : lt(audit.sequence, before),
    from === undefined ? undefined : gt(audit.sequence, from),
    ...conditionsOf(filter),
  ]
  const rows = db
    .select()
    .from(audit)
    .where(and(...wanted))
    .orderBy(from === undefined ? desc(audit.sequence) : asc(audit.sequence))
    .limit(limit + 1)
    .all()
  const lines = rows.slice(0, limit).flatMap(({ entry, hash }) => {
    const parsed = entryOf(entry)
    // One that was made unreadable is named by the check of the log.
    return parsed ? [{ hash, entry: parsed }] : []
  })
  return { lines, isMore: rows.length > limit }
}

function conditionsOf({ since, until, who, what, on, result }: AuditFilter): (SQL | undefined)[] {
  return [
    since === undefined ? undefined : gte(audit.at, since),
    until === undefined ? undefined : lte(audit.at, until),
    who === undefined ? undefined : sql`instr(lower(${audit.who}), lower(${who})) > 0`,
    what === undefined ? undefined : like(audit.what, `${what.replaceAll(/[%_\\]/gu, '')}%`),
    on === undefined ? undefined : sql`instr(lower(${audit.subjects}), lower(${on})) > 0`,
    result === undefined ? undefined : eq(audit.state, result),
  ]
}

function entryOf(text: string): AuditEntry | null {
  try {
    return Entry.parse(JSON.parse(text))
  } catch {
    return null
  }
}

export interface AuditState {
  readonly sealedKey: string
  readonly publicKey: string
  readonly sealedHead: string | null
}

export function readAuditState(db: Queries): AuditState | null {
  return db.select().from(auditState).where(eq(auditState.only, 1)).get() ?? null
}

export function insertAuditState(db: Queries, state: AuditState): void {
  db.insert(auditState)
    .values({ only: 1, ...state })
    .run()
}

export function setSealedHead(db: Queries, sealed: string): void {
  setHead.run(db, sealed)
}
