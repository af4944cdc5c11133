import { join } from 'node:path'
import type { Secrets } from '@varve/trust/secrets'
import Database from 'better-sqlite3'
import { drizzle, type BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import { packageFolder } from '../package.ts'
import * as schema from './schema.ts'
import { sealWith } from './sealed-payload.ts'

export type Db = BetterSQLite3Database<typeof schema> & { $client: Database.Database }
/** What a store function needs: the database, inside or outside of a write. */
export type Queries = Pick<Db, 'select' | 'insert' | 'update' | 'delete' | 'get' | 'all' | 'run' | '$client'>

/** Pages of the write-ahead log, 256 MiB: a thread copies them back long before, see `startCheckpoints`. */
const pagesPerCheckpoint = 65_536

const migrationsFolder = join(packageFolder, 'drizzle')

/** Opens the inventory and brings its tables up to date. `:memory:` for tests; `secrets` seals what lets somebody in. */
export function openDatabase(path: string, secrets: Secrets | null = null): Db {
  const client = new Database(path)
  client.pragma('busy_timeout = 5000')
  client.pragma('journal_mode = WAL')
  client.pragma('synchronous = NORMAL')
  client.pragma('foreign_keys = ON')
  client.pragma('cache_size = -262144')
  client.pragma(`wal_autocheckpoint = ${pagesPerCheckpoint}`)
  client.pragma('temp_store = MEMORY')
  const db = drizzle(client, { schema })
  if (secrets !== null) sealWith(db, secrets)
  migrate(db, { migrationsFolder })
  return db
}

/** Runs `work` as one write; synchronous, so that it never stays open over an `await`. */
export function write<T>(db: Queries, work: (tx: Queries) => T): T {
  const last = db.$client.inTransaction ? undefined : lastOfWrites.get(db.$client)
  let kept: (() => void) | null = null
  const value = db.$client
    .transaction(() => {
      const result = work(db)
      kept = last?.(db) ?? null
      return result
    })
    .immediate()
  if (kept !== null) (kept as () => void)()
  return value
}

/** Done at the end of a write, in its transaction; what it gives is called once that is committed. */
export type LastOfWrite = (tx: Queries) => (() => void) | null

const lastOfWrites = new WeakMap<Database.Database, LastOfWrite>()

/** From now on `last` is a part of every write to this database. */
export function endWritesWith(db: Db, last: LastOfWrite): void {
  lastOfWrites.set(db.$client, last)
}

type Value = string | number | null

/** A statement that runs often; it is compiled once for each database. */
export interface Statement<Row> {
  all(db: Connected, ...values: readonly Value[]): Row[]
  get(db: Connected, ...values: readonly Value[]): Row | undefined
  /** Gives the number of rows that were changed. */
  run(db: Connected, ...values: readonly Value[]): number
}

type Connected = Pick<Db, '$client'>

/** Declares a statement by its SQL, with `?` for the values; the caller says what its rows look like. */
export function statement<Row>(sql: string): Statement<Row> {
  const compiled = new WeakMap<Database.Database, Database.Statement<Value[], Row>>()
  const of = ({ $client }: Connected) => {
    const known = compiled.get($client)
    if (known) return known
    const made = $client.prepare<Value[], Row>(sql)
    compiled.set($client, made)
    return made
  }
  return {
    all: (db, ...values) => of(db).all(...values),
    get: (db, ...values) => of(db).get(...values),
    run: (db, ...values) => of(db).run(...values).changes,
  }
}

/** A database that turns out to be damaged is not kept open by what could not be made of it. */
export function closedOnError<T>(db: Db, make: () => T): T {
  try {
    return make()
  } catch (error) {
    db.$client.close()
    throw error
  }
}
