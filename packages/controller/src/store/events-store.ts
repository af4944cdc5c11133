import type { ActivityRow, FleetEvent } from '@varve/protocol/events'
import type { EventView } from '@varve/protocol/events'
import { desc, lt, sql } from 'drizzle-orm'
import { statement, type Queries } from './database.ts'
import { imageRowsById } from './images-store.ts'
import { fleetEvent } from './payload-kinds.ts'
import { decodePayload, encodePayload } from './payload.ts'
import { activity, events } from './schema.ts'

const append = statement('INSERT OR REPLACE INTO events (subject, at, event) VALUES (?, ?, ?)')
const after = statement<typeof events.$inferSelect>(
  'SELECT * FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?',
)
const newest = statement<{ last: number }>('SELECT coalesce(max(sequence), 0) AS last FROM events')

/** Appends the new state of a thing; the older event of the same thing goes, so that the log holds each thing once. */
export function appendEvent(db: Queries, event: FleetEvent, at: string): void {
  append.run(db, subjectOf(event), at, encodePayload(fleetEvent, event))
}

/** Appends that an image changed; its row is read when somebody reads the event. */
export function appendImageChange(db: Queries, imageId: string, at: string): void {
  append.run(db, `image:${imageId}`, at, '')
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
  const ids = rows.flatMap(({ subject, event }) => (event === '' ? subject.slice('image:'.length) : []))
  const images = imageRowsById(db, ids)
  const found = rows.flatMap(({ sequence: number, at, subject, event: text }): EventView[] => {
    if (text !== '') return [{ sequence: number, at, event: decodePayload(fleetEvent, text) }]
    const image = images.get(subject.slice('image:'.length))
    // An image that is gone has a later event that says so.
    return image ? [{ sequence: number, at, event: { kind: 'image-changed', image } }] : []
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
    case 'host-removed':
      return `host:${event.name}`
    case 'migration-removed':
      return `migration:${event.id}`
  }
}
