import type { ActivityRow, FleetEvent } from '@varve/protocol/events'
import type { EventView } from '@varve/protocol/events'
import { asc, desc, gt, lt, max, sql } from 'drizzle-orm'
import type { Queries } from './database.ts'
import { fleetEvent } from './payload-kinds.ts'
import { decodePayload, encodePayload } from './payload.ts'
import { activity, events } from './schema.ts'

/** Appends the new state of a thing; the older event of the same thing goes, so that the log holds each thing once. */
export function appendEvent(db: Queries, event: FleetEvent, at: string): void {
  db.run(
    sql`INSERT OR REPLACE INTO ${events} (subject, at, event) VALUES (${subjectOf(event)}, ${at}, ${encodePayload(fleetEvent, event)})`,
  )
}

/** Events after `sequence`, oldest first, at most `limit`. */
export function eventsAfter(db: Queries, sequence: number, limit: number): EventView[] {
  return db
    .select()
    .from(events)
    .where(gt(events.sequence, sequence))
    .orderBy(asc(events.sequence))
    .limit(limit)
    .all()
    .map((row) => ({ sequence: row.sequence, at: row.at, event: decodePayload(fleetEvent, row.event) }))
}

/** Number of the newest event ever, 0 when there was none. */
export function lastEventSequence(db: Queries): number {
  return (
    db
      .select({ last: max(events.sequence) })
      .from(events)
      .get()?.last ?? 0
  )
}

/** Drops all but the newest `keep` events and `keep` activity rows. */
export function pruneEvents(db: Queries, keep: number): void {
  for (const table of [events, activity]) {
    db.run(
      sql`DELETE FROM ${table} WHERE sequence <= (SELECT sequence FROM ${table} ORDER BY sequence DESC LIMIT 1 OFFSET ${keep})`,
    )
  }
}

export function appendActivity(db: Queries, row: Omit<ActivityRow, 'sequence'>): void {
  db.insert(activity).values(row).run()
}

/** Activity before `before` (null: the newest), newest first. */
export function listActivity(db: Queries, before: number | null, limit: number): ActivityRow[] {
  return db
    .select()
    .from(activity)
    .where(before === null ? undefined : lt(activity.sequence, before))
    .orderBy(desc(activity.sequence))
    .limit(limit)
    .all()
    .map((row) => ({ ...row, subject: subjectKind(row.subject) }))
}

function subjectKind(text: string): ActivityRow['subject'] {
  return text === 'host' || text === 'image' ? text : 'migration'
}

function subjectOf(event: FleetEvent): string {
  switch (event.kind) {
    case 'host-changed':
      return `host:${event.host.name}`
    case 'image-changed':
      return `image:${event.image.id}`
    case 'image-removed':
      return `image:${event.id}`
    case 'migration-changed':
      return `migration:${event.migration.id}`
  }
}
