import type { ActivityRow, FleetEvent } from '@varve/protocol/events'
import type { EventView } from '@varve/protocol/events'
import { desc, lt, sql } from 'drizzle-orm'
import { statement, type Queries } from './database.ts'
import { hostViews } from './hosts-list.ts'
import { imageRowsById } from './images-store.ts'
import { fleetEvent } from './payload-kinds.ts'
import { decodePayload, encodePayload } from './payload.ts'
import { activity, events } from './schema.ts'

const append = statement('INSERT OR REPLACE INTO events (subject, at, event) VALUES (?, ?, ?)')
const after = statement<typeof events.$inferSelect>(
  'SELECT * FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?',
)
const note = statement('INSERT INTO activity (at, subject, subjectId, title) VALUES (?, ?, ?, ?)')
const newest = statement<{ last: number }>('SELECT coalesce(max(sequence), 0) AS last FROM events')

/** Appends the new state of a thing; the older event of the same thing goes, so that the log holds each thing once. */
export function appendEvent(db: Queries, event: FleetEvent, at: string): void {
  append.run(db, subjectOf(event), at, encodePayload(fleetEvent, event))
}

/** Appends that an image or a host changed; what it is now is read when somebody reads the event. */
export function appendChange(db: Queries, subject: `${'image' | 'host'}:${string}`, at: string): void {
  append.run(db, subject, at, '')
}

export interface EventsPage {
  readonly events: EventView[]
  /** Number of the last event that was looked at; null: there is none. */
  readonly last: number | null
  readonly isFull: boolean
}

/** At most `limit` events after `sequence`, oldest first. */
export function eventsAfter(db: Queries, sequence: number, limit: number): EventsPage {
  const rows = after.all(db, sequence, limit)
  const changed = (what: string) =>
    rows.flatMap(({ subject, event }) =>
      event === '' && subject.startsWith(what) ? subject.slice(what.length) : [],
    )
  const events = new Map<string, FleetEvent>()
  for (const [id, image] of imageRowsById(db, changed('image:')))
    events.set(`image:${id}`, { kind: 'image-changed', image })
  for (const host of hostViews(db, changed('host:')))
    events.set(`host:${host.name}`, { kind: 'host-changed', host })
  const found = rows.flatMap(({ sequence: number, at, subject, event: text }): EventView[] => {
    // What is gone has a later event that says so.
    const event = text === '' ? events.get(subject) : decodePayload(fleetEvent, text)
    return event ? [{ sequence: number, at, event }] : []
  })
  return { events: found, last: rows.at(-1)?.sequence ?? null, isFull: rows.length === limit }
}

/** Number of the newest event ever, 0 when there was none. */
export function lastEventSequence(db: Queries): number {
  return newest.get(db)?.last ?? 0
}

/** Drops of all but the newest `keep` events and `keep` activity rows at most `most` each; false when none is left to drop. */
export function pruneEvents(db: Queries, { keep, most }: { keep: number; most: number }): boolean {
  let isMore = false
  for (const table of [events, activity]) {
    const { changes } = db.run(
      sql`DELETE FROM ${table} WHERE sequence IN (SELECT sequence FROM ${table} WHERE sequence <=
        (SELECT sequence FROM ${table} ORDER BY sequence DESC LIMIT 1 OFFSET ${keep}) ORDER BY sequence LIMIT ${most})`,
    )
    isMore ||= changes === most
  }
  return isMore
}

export function appendActivity(db: Queries, row: Omit<ActivityRow, 'sequence'>): void {
  note.run(db, row.at, row.subject, row.subjectId, row.title)
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
  return text === 'host' || text === 'image' || text === 'run' ? text : 'migration'
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
    case 'run-changed':
      return `run:${event.run.id}`
    case 'host-removed':
      return `host:${event.name}`
    case 'migration-removed':
      return `migration:${event.id}`
    case 'run-removed':
      return `run:${event.id}`
    case 'schedule-changed':
      return `schedule:${event.schedule.host}/${event.schedule.library}`
    case 'schedule-removed':
      return `schedule:${event.host}/${event.library}`
  }
}
