import type { RolloutHost, RolloutView, UpdateState } from '@varve/protocol/updates'
import { statement, type Queries } from './database.ts'
import { rolloutPlan, type RolloutPlan } from './payload-kinds.ts'
import { decodePayload, encodePayload } from './payload.ts'
import type { rolloutHosts, rollouts } from './schema.ts'

export type RolloutState = RolloutView['state']

export interface Rollout extends Omit<typeof rollouts.$inferSelect, 'plan' | 'state'> {
  readonly state: RolloutState
  readonly plan: RolloutPlan
}

export interface HostOfRollout extends Omit<typeof rolloutHosts.$inferSelect, 'libraries' | 'state'> {
  readonly state: UpdateState
  readonly libraries: readonly string[]
}

const insert = statement('INSERT INTO rollouts (id, state, plan, startedAt) VALUES (?, ?, ?, ?)')
const insertHost = statement(
  `INSERT INTO rollout_hosts (rollout, host, ring, state, changedAt) VALUES (?, ?, ?, 'waiting', ?)`,
)

/** Keeps a new rollout; `rings`: names of hosts. */
export function addRollout(
  db: Queries,
  { id, plan, startedAt }: Pick<Rollout, 'id' | 'plan' | 'startedAt'>,
  rings: readonly (readonly string[])[],
): void {
  insert.run(db, id, 'open', encodePayload(rolloutPlan, plan), startedAt)
  for (const [ring, names] of rings.entries())
    for (const name of names) insertHost.run(db, id, name, ring, startedAt)
}

type Row = typeof rollouts.$inferSelect
const one = statement<Row>('SELECT * FROM rollouts WHERE id = ?')
const openOne = statement<Row>(`SELECT * FROM rollouts WHERE state = 'open'`)
const newest = statement<Row>('SELECT * FROM rollouts ORDER BY startedAt DESC, id LIMIT ?')

export function findRollout(db: Queries, id: string): Rollout | null {
  const row = one.get(db, id)
  return row ? toRollout(row) : null
}

/** The one that is going; there is one at most. */
export function openRollout(db: Queries): Rollout | null {
  const row = openOne.get(db)
  return row ? toRollout(row) : null
}

export function newestRollouts(db: Queries, limit: number): Rollout[] {
  return newest.all(db, limit).map(toRollout)
}

function toRollout(row: Row): Rollout {
  return { ...row, state: row.state as RolloutState, plan: decodePayload(rolloutPlan, row.plan) }
}

const end = statement('UPDATE rollouts SET state = ?, reason = ?, endedAt = ? WHERE id = ?')
const passOver = statement(
  `UPDATE rollout_hosts SET state = 'skipped', detail = ?, changedAt = ? WHERE rollout = ? AND state IN ('waiting', 'staging')`,
)

const because = statement('UPDATE rollouts SET reason = ? WHERE id = ?')

/** Why it is to end, while it is still open. */
export function setReason(db: Queries, id: string, reason: string): void {
  because.run(db, reason, id)
}

/** Ends it; hosts whose turn had not come are passed over. */
export function endRollout(
  db: Queries,
  id: string,
  { state, reason, at }: { readonly state: RolloutState; readonly reason: string; readonly at: string },
): void {
  end.run(db, state, reason, at, id)
  passOver.run(db, state === 'canceled' ? reason : 'the update was stopped before its turn', at, id)
}

type HostRow = typeof rolloutHosts.$inferSelect
const hostsOf = statement<HostRow>('SELECT * FROM rollout_hosts WHERE rollout = ? AND ring = ? ORDER BY host')
const hostOf = statement<HostRow>('SELECT * FROM rollout_hosts WHERE rollout = ? AND host = ?')
const ringsOf = statement<{ ring: number; count: number }>(
  'SELECT ring, count(*) AS count FROM rollout_hosts WHERE rollout = ? GROUP BY ring ORDER BY ring',
)
const countsOf = statement<{ state: UpdateState; count: number }>(
  'SELECT state, count(*) AS count FROM rollout_hosts WHERE rollout = ? GROUP BY state',
)
const firstOf = statement<HostRow>(`
  SELECT * FROM rollout_hosts WHERE rollout = ? ORDER BY CASE state
    WHEN 'rolled-back' THEN 0 WHEN 'failed' THEN 0 WHEN 'waiting' THEN 2 WHEN 'updated' THEN 3 WHEN 'skipped' THEN 3 ELSE 1 END,
  ring, host LIMIT ?`)

export function hostsOfRing(db: Queries, id: string, ring: number): HostOfRollout[] {
  return hostsOf.all(db, id, ring).map(toHost)
}

export function hostOfRollout(db: Queries, id: string, name: string): HostOfRollout | null {
  const row = hostOf.get(db, id, name)
  return row ? toHost(row) : null
}

const badOf = statement<HostRow>(
  `SELECT * FROM rollout_hosts WHERE rollout = ? AND ring = ? AND state IN ('failed', 'rolled-back') ORDER BY host LIMIT 1`,
)

/** The first host of a ring that did not do well; null: there is none. */
export function badHostOfRing(db: Queries, id: string, ring: number): HostOfRollout | null {
  const row = badOf.get(db, id, ring)
  return row ? toHost(row) : null
}

/** How many hosts each ring has. */
export function ringSizes(db: Queries, id: string): number[] {
  return ringsOf.all(db, id).map(({ count }) => count)
}

export function rolloutView(db: Queries, rollout: Rollout, mostHosts: number): RolloutView {
  const { id, state, reason, plan, startedAt, endedAt } = rollout
  const counts = Object.fromEntries(countsOf.all(db, id).map(({ state: of, count }) => [of, count]))
  const none = {
    waiting: 0,
    staging: 0,
    switching: 0,
    checking: 0,
    updated: 0,
    'rolled-back': 0,
    failed: 0,
    skipped: 0,
  }
  return {
    id,
    version: plan.version,
    state,
    reason,
    rings: ringSizes(db, id),
    soakSeconds: plan.soakSeconds,
    startedAt,
    endedAt,
    counts: { ...none, ...counts },
    hosts: firstOf.all(db, id, mostHosts).map(toHost).map(viewOf),
  }
}

function viewOf({ host, ring, state, fromBuild, toBuild, detail, changedAt }: HostOfRollout): RolloutHost {
  return { name: host, ring, state, from: fromBuild, to: toBuild, detail, changedAt }
}

function toHost({ libraries, state, ...row }: HostRow): HostOfRollout {
  return { ...row, state: state as UpdateState, libraries: JSON.parse(libraries) as string[] }
}

const change = statement(
  'UPDATE rollout_hosts SET state = ?, detail = ?, changedAt = ? WHERE rollout = ? AND host = ?',
)
const begin = statement(
  'UPDATE rollout_hosts SET fromBuild = ?, toBuild = ?, libraries = ? WHERE rollout = ? AND host = ?',
)

/** What a host had before it is updated. */
export function setBefore(
  db: Queries,
  { rollout, host }: Pick<HostOfRollout, 'rollout' | 'host'>,
  before: { readonly from: string; readonly to: string; readonly libraries: readonly string[] },
): void {
  begin.run(db, before.from, before.to, JSON.stringify(before.libraries), rollout, host)
}

export function setHostState(
  db: Queries,
  { rollout, host }: Pick<HostOfRollout, 'rollout' | 'host'>,
  now: { readonly state: UpdateState; readonly detail: string; readonly at: string },
): void {
  change.run(db, now.state, now.detail, now.at, rollout, host)
}
