import { join } from 'node:path'
import Database from 'better-sqlite3'
import { drizzle, type BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import { packageFolder } from '../package.ts'
import * as schema from './schema.ts'

export type Db = BetterSQLite3Database<typeof schema> & { $client: Database.Database }
/** What a store function needs: the database or an open transaction on it. */
export type Queries = Pick<Db, 'select' | 'insert' | 'update' | 'delete' | 'get' | 'all' | 'run'>

const migrationsFolder = join(packageFolder, 'drizzle')

/** Opens the inventory and brings its tables up to date. `:memory:` for tests. */
export function openDatabase(path: string): Db {
  const client = new Database(path)
  client.pragma('busy_timeout = 5000')
  client.pragma('journal_mode = WAL')
  client.pragma('synchronous = NORMAL')
  client.pragma('foreign_keys = ON')
  client.pragma('cache_size = -65536')
  const db = drizzle(client, { schema })
  migrate(db, { migrationsFolder })
  return db
}

/** Runs `work` as one write; synchronous, so that it never stays open over an `await`. */
export function write<T>(db: Db, work: (tx: Queries) => T): T {
  return db.transaction(work, { behavior: 'immediate' })
}
