import type { DayWindow, LibraryPlace, SetSchedule } from '@varve/protocol/schedules'
import { statement, type Queries } from './database.ts'
import type { schedules } from './schema.ts'

export interface Schedule extends LibraryPlace {
  readonly everySeconds: number
  readonly window: DayWindow | null
  readonly isOn: boolean
  /** When its host told last of which images it keeps a manifest; null: never. */
  readonly toldAt: string | null
}

/** As SQLite gives it. */
type Row = Omit<typeof schedules.$inferSelect, 'isOn'> & { readonly isOn: number }

const save = statement(
  `INSERT INTO schedules (host, library, everySeconds, windowFrom, windowTo, isOn) VALUES (?, ?, ?, ?, ?, ?)
   ON CONFLICT (host, library) DO UPDATE SET everySeconds = excluded.everySeconds,
   windowFrom = excluded.windowFrom, windowTo = excluded.windowTo, isOn = excluded.isOn`,
)

export function saveSchedule(db: Queries, schedule: SetSchedule): void {
  const { host, library, everySeconds, window, isOn } = schedule
  save.run(db, host, library, everySeconds, window?.from ?? null, window?.to ?? null, isOn ? 1 : 0)
}

const remove = statement('DELETE FROM schedules WHERE host = ? AND library = ?')

/** False when there was none. */
export function removeSchedule(db: Queries, { host, library }: LibraryPlace): boolean {
  return remove.run(db, host, library) > 0
}

const one = statement<Row>('SELECT * FROM schedules WHERE host = ? AND library = ?')

export function findSchedule(db: Queries, { host, library }: LibraryPlace): Schedule | null {
  const row = one.get(db, host, library)
  return row ? toSchedule(row) : null
}

const ofHost = statement<Row>('SELECT * FROM schedules WHERE host = ? ORDER BY library')

export function schedulesOf(db: Queries, host: string): Schedule[] {
  return ofHost.all(db, host).map(toSchedule)
}

const hosts = statement<{ host: string }>('SELECT DISTINCT host FROM schedules WHERE isOn = 1 ORDER BY host')

/** Hosts with a schedule that is on. */
export function scheduledHosts(db: Queries): string[] {
  return hosts.all(db).map(({ host }) => host)
}

const page = statement<Row>(
  'SELECT * FROM schedules WHERE ? IS NULL OR host = ? ORDER BY host, library LIMIT ? OFFSET ?',
)
const count = statement<{ total: number }>(
  'SELECT count(*) AS total FROM schedules WHERE ? IS NULL OR host = ?',
)

export function listSchedules(
  db: Queries,
  { host, offset, limit }: { readonly host: string | null; readonly offset: number; readonly limit: number },
): { readonly rows: Schedule[]; readonly total: number } {
  const total = count.get(db, host, host)?.total ?? 0
  return { rows: page.all(db, host, host, limit, offset).map(toSchedule), total }
}

const told = statement('UPDATE schedules SET toldAt = ? WHERE host = ? AND library = ?')

/** Its host has told of which images it keeps a manifest. */
export function setTold(db: Queries, { host, library }: LibraryPlace, at: string): void {
  told.run(db, at, host, library)
}

function toSchedule({ windowFrom: from, windowTo: to, isOn, ...row }: Row): Schedule {
  return { ...row, window: from === null || to === null ? null : { from, to }, isOn: isOn === 1 }
}
